/** Two presses of a key within this are one command. */
const TWICE_MS = 800

/**
 * Tells the second of two presses of a key, one after the other and soon; the third is a first one again.
 * @param now a time in milliseconds
 */
export function createTwice(now: () => number = () => performance.now()): (key: string) => boolean {
  let last: { key: string; at: number } | undefined
  return (key) => {
    const at = now()
    const isSecond = last?.key === key && at - last.at < TWICE_MS
    last = isSecond ? undefined : { key, at }
    return isSecond
  }
}

import { SECOND } from '../../shared/limits.ts'

const MAX_NAMES = 10_000

/**
 * Tells whether something is the first of its name within this second, so that a flood is told of without being repeated.
 * @param nowMs a clock that never goes back
 * @returns a function that is true at most once a second for each name, and for at most 10,000 names a second
 */
export function onceASecond(nowMs: () => number): (name: string) => boolean {
  const seen = new Set<string>()
  let second = -1
  return (name) => {
    const now = Math.floor(nowMs() / SECOND)
    if (now !== second) seen.clear()
    second = now
    if (seen.has(name) || seen.size >= MAX_NAMES) return false
    seen.add(name)
    return true
  }
}

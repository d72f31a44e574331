/** The one answer of a sandbox that is waited for, and for how long. */
export interface AnswerWait<T> {
  /** @param what is waited for, for whoever is told that it came too late */
  wait(timeoutMs: number, what: string): Promise<T>
  /** These do nothing when nobody waits. */
  settle(value: T): void
  reject(error: Error): void
  /** What is waited for has all its time once more. */
  refresh(): void
}

export interface AnswerWaitOptions {
  /** Whether whoever is to answer is held back now, and cannot say more. */
  isHeld: () => boolean
  /** Is told that no answer came in time; whoever waits goes on waiting until it is rejected. */
  late: (what: string, timeoutMs: number) => void
}

export function createAnswerWait<T>({ isHeld, late }: AnswerWaitOptions): AnswerWait<T> {
  let waiter: { resolve(value: T): void; reject(error: Error): void; timer: NodeJS.Timeout } | undefined
  const taken = () => {
    const taking = waiter
    clearTimeout(taking?.timer)
    waiter = undefined
    return taking
  }
  return {
    wait: (timeoutMs, what) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          if (isHeld()) timer.refresh()
          else late(what, timeoutMs)
        }, timeoutMs)
        waiter = { resolve, reject, timer }
      }),
    settle: (value) => taken()?.resolve(value),
    reject: (error) => taken()?.reject(error),
    refresh: () => void waiter?.timer.refresh(),
  }
}

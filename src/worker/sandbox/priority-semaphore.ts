export type Urgency = 'now' | 'later'

export interface PrioritySemaphore {
  /** Runs the task when its turn has come. @throws what the task throws */
  run<T>(urgency: Urgency, task: () => Promise<T>): Promise<T>
  /** Resolves when no task runs or waits. */
  idle(): Promise<void>
}

/**
 * Lets so many tasks run at a time. Those that somebody waits for (`now`) go before those made ahead (`later`), for which the
 * last place, if there is more than one, is never taken.
 */
export function createPrioritySemaphore(width: number): PrioritySemaphore {
  let running = 0
  const queues = { now: [] as (() => void)[], later: [] as (() => void)[] }
  const idlers: (() => void)[] = []
  const next = () => {
    while (running < width) {
      const start = queues.now.shift() ?? (running < Math.max(1, width - 1) ? queues.later.shift() : undefined)
      if (!start) break
      running++
      start()
    }
    if (running === 0) idlers.splice(0).forEach((resolve) => resolve())
  }
  return {
    async run<T>(urgency: Urgency, task: () => Promise<T>): Promise<T> {
      await new Promise<void>((resolve) => {
        queues[urgency].push(resolve)
        next()
      })
      try {
        return await task()
      } finally {
        running--
        next()
      }
    },
    idle: () =>
      new Promise<void>((resolve) => {
        idlers.push(resolve)
        next()
      }),
  }
}

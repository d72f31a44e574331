/**
 * Holds back what can wait while jobs are starting: making a sandbox takes as much of the processors as several short jobs,
 * and the job it is made behind is on its way just then.
 */
export interface QuietPeriod {
  /** A job starts. */
  disturb(): void
  /** Resolves when none has started for a moment, at the latest after the patience. */
  wait(): Promise<void>
  /** Somebody needs it now: whatever waits goes on. */
  skip(): void
}

/**
 * @param quietMs how long no job may have started
 * @param patienceMs the longest wait, for a load without a pause
 */
export function createQuietPeriod(quietMs: number, patienceMs: number): QuietPeriod {
  const waiting = new Set<() => void>()
  let disturbedAt = Number.NEGATIVE_INFINITY
  return {
    disturb() {
      disturbedAt = performance.now()
    },
    wait: () =>
      new Promise((resolve) => {
        const latest = performance.now() + patienceMs
        let timer: NodeJS.Timeout
        const go = () => {
          clearTimeout(timer)
          waiting.delete(go)
          resolve()
        }
        const look = () => {
          const now = performance.now()
          const until = Math.min(latest, disturbedAt + quietMs)
          if (now >= until) go()
          else timer = setTimeout(look, Math.ceil(until - now))
        }
        waiting.add(go)
        look()
      }),
    skip() {
      for (const go of waiting) go()
    },
  }
}

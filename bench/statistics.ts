/** The value below which this share of the samples lies, by nearest rank. @param share 0 to 1 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5)

/** Runs a task one after another, and times each. @returns milliseconds */
export async function timeEach(count: number, task: () => Promise<void>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const from = performance.now()
    await task()
    times.push(performance.now() - from)
  }
  return times
}

/** Keeps so many tasks running for a while. @returns completed tasks per second */
export async function rate(inFlight: number, durationMs: number, task: () => Promise<void>): Promise<number> {
  const from = performance.now()
  let done = 0
  const lane = async () => {
    while (performance.now() - from < durationMs) {
      await task()
      done++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return (done * 1000) / (performance.now() - from)
}

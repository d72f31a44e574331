import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryOptions {
  /** The pause before the next try, in ms; null or undefined: there is none. @param tries so far, from 1 */
  pauseMs: (tries: number) => number | null | undefined
  /** Whether another try may help after this error; any may unless given. */
  when?: (error: unknown) => boolean
  /** Is told of each failure that is followed by another try. */
  failed?: (error: unknown, pauseMs: number) => void
  /** Ends a pause. */
  signal?: AbortSignal
  /** Whether a pause keeps the process alive; it does unless this is false. */
  ref?: boolean
}

/**
 * Tries until it succeeds.
 * @throws what the last try threw; the signal's AbortError when it aborts in a pause
 */
export async function retry<T>(
  task: () => Promise<T>,
  { pauseMs, when = () => true, failed, signal, ref = true }: RetryOptions,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await task()
    } catch (error) {
      const pause = when(error) ? pauseMs(tries) : undefined
      if (pause === undefined || pause === null) throw error
      failed?.(error, pause)
      if (pause > 0) await sleep(pause, undefined, { ref, ...(signal && { signal }) })
    }
  }
}

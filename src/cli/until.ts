import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** Between the end of one probe and the next. */
  everyMs: number
  timeoutMs: number
  /** Ends it between two probes. */
  signal?: AbortSignal
  /** What is said when the time is over. */
  fault: () => string
}

/**
 * Probes until there is something, at least once.
 * @returns what the probe found
 * @throws Error with `fault` after `timeoutMs`; the signal's AbortError; whatever the probe throws
 */
export async function until<T>(
  probe: () => Promise<T | undefined>,
  { everyMs, timeoutMs, signal, fault }: UntilOptions,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(everyMs, undefined, { signal })) {
    const found = await probe()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(fault())
  }
}

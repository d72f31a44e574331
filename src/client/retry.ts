import { RunyardError } from './runyard-error.ts'

export interface RetryOptions {
  /** Ends the call, which rejects with the signal's reason. What was submitted goes on. */
  signal?: AbortSignal | undefined
  /** How often in a row a request is made again that could not be answered; `Infinity` is allowed. */
  retries?: number | undefined
  /** Asked before each retry, of a failure that would be retried: false makes it final. All are retried when absent. */
  shouldRetry?: ((error: RunyardError) => boolean) | undefined
  /** Told before each pause after which a request is made again: what failed, and how long the pause is in milliseconds. */
  onRetry?: ((error: RunyardError, pauseMs: number) => void) | undefined
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 8000
/** Who is asked to wait for longer is told so instead. */
const LONGEST_RETRY_AFTER_MS = 60_000

/** A refused rate comes back by itself: it is waited for so often at least, unless nothing is to be made again. */
const RATE_RETRIES = 8

const PASSING = new Set([429, 502, 503, 504])

/**
 * Makes an attempt, and makes it again while that may help.
 * @param attempt may call `progressed` when it got somewhere before it fails: failures are counted anew then
 * @throws the RunyardError of the last attempt; whatever else an attempt throws, at once; the signal's reason
 */
export async function retry<T>(
  attempt: (progressed: () => void) => Promise<T>,
  { signal, retries = 0, shouldRetry, onRetry }: RetryOptions,
): Promise<T> {
  let failures = 0
  const progressed = () => {
    failures = 0
  }
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await attempt(progressed)
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof RunyardError)) throw error
      failures += 1
      const ms = pauseBefore(error, failures, retries)
      if (ms === undefined || shouldRetry?.(error) === false) throw error
      onRetry?.(error, ms)
      await pause(ms, signal)
    }
  }
}

/**
 * How long to wait before a request is made again, in milliseconds; undefined when it should not be.
 * @param failures how often it failed in a row, this time included
 * @param retries how often it may be made again
 * @param random from 0 to 1: clients that failed together do not come back together
 */
export function pauseBefore(
  error: Pick<RunyardError, 'code' | 'status' | 'retryAfterMs'>,
  failures: number,
  retries: number,
  random = Math.random(),
): number | undefined {
  const passes = error.code === 'unreachable' || error.code === 'connection-closed' || PASSING.has(error.status)
  const most = error.code === 'rate-limited' && retries > 0 ? Math.max(retries, RATE_RETRIES) : retries
  if (!passes || failures > most) return undefined
  // A rate that is never enough for so much at once comes without a time.
  if (error.code === 'rate-limited' && error.retryAfterMs === null) return undefined
  if (error.retryAfterMs !== null) {
    return error.retryAfterMs > LONGEST_RETRY_AFTER_MS ? undefined : error.retryAfterMs * (1 + 0.1 * random)
  }
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
  return longest * (0.5 + 0.5 * random)
}

/** @throws the signal's reason, as soon as it aborts */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

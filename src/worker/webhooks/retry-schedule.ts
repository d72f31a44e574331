import { MINUTE, SECOND } from '../../shared/limits.ts'

const HOUR = 60 * MINUTE

/** How long after an attempt that failed the next one comes, in ms. After the last of them a delivery has failed. */
export const RETRY_SCHEDULE_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]
/** No receiver can put a delivery off for longer at a time. */
const MAX_RETRY_AFTER_MS = 24 * HOUR
/** Attempts are spread by a tenth either way, so that what failed together does not come again together. */
const JITTER = 0.1

/**
 * @param tries attempts before this one, in the same round
 * @param retryAfterMs what the receiver asked for; null when it asked for nothing
 * @param random from 0 to 1
 * @returns how long until the next attempt; undefined when none is left
 */
export function retryDelayMs(
  scheduleMs: readonly number[],
  tries: number,
  retryAfterMs: number | null,
  random: number,
): number | undefined {
  const base = scheduleMs[tries]
  if (base === undefined) return undefined
  const spread = base * (1 - JITTER + 2 * JITTER * random)
  // Never sooner than it asked for.
  const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) * (1 + JITTER * random)
  return Math.round(Math.max(spread, asked))
}

/**
 * What a receiver asks for by `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). Heeded with 429 and 503.
 * @param nowMs the time
 * @returns null when it asks for nothing that can be read
 */
export function retryAfterMs(status: number, header: string | undefined, nowMs: number): number | null {
  if ((status !== 429 && status !== 503) || header === undefined) return null
  const text = header.trim()
  if (/^\d{1,10}$/.test(text)) return Number(text) * SECOND
  // One of its three forms names no zone; all of them mean UTC.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs)
}

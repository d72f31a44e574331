import type { Rate } from '../../shared/access/api-key.ts'

/**
 * The generic cell rate algorithm (ITU-T I.371, annex A): a token bucket whose whole state is one moment, the theoretical
 * arrival time, at which the bucket will be full again. How far that lies ahead is the bucket's debt.
 *
 * Debt is counted in ticks. A tick is the `perMinute`-th part of a microsecond, so that a token costs 60,000,000 ticks at
 * every rate, a microsecond pays `perMinute` of them back, and nothing is ever rounded: at the most, 1e6 tokens, a debt has
 * 6e13 ticks, which a double holds exactly. rate-limit-script.ts does the same in Lua.
 */
export const TICKS_PER_TOKEN = 60_000_000

/** When a bucket will be full again: microseconds of some clock, and ticks beyond them. */
export interface Arrival {
  micros: number
  ticks: number
}

/** What a caller can be told of its bucket. */
export interface Standing {
  /** Whole tokens in the bucket. */
  remaining: number
  /** Until there is one more, in microseconds; 0 when the bucket is full. */
  nextMicros: number
  /** Until there are as many as were asked for, in microseconds; null when the bucket never holds so many. */
  waitMicros: number | null
}

/**
 * The debt now, in ticks. It is never above what an empty bucket owes: a clock that was set back, or a bucket that was made
 * smaller, must not lock a caller out for longer than the bucket takes to fill. For that the debt is to be stored again also when
 * nothing is taken.
 */
export function debtAt(arrival: Arrival | undefined, nowMicros: number, rate: Rate): number {
  if (!arrival) return 0
  const ticks = (arrival.micros - nowMicros) * rate.perMinute + arrival.ticks
  return Math.min(Math.max(ticks, 0), rate.burst * TICKS_PER_TOKEN)
}

export function arrivalOf(debt: number, nowMicros: number, { perMinute }: Rate): Arrival {
  const micros = Math.floor(debt / perMinute)
  return { micros: nowMicros + micros, ticks: debt - micros * perMinute }
}

/** @returns the debt after taking `tokens`, or undefined when the bucket holds fewer */
export function takeTokens(debt: number, rate: Rate, tokens: number): number | undefined {
  const after = debt + tokens * TICKS_PER_TOKEN
  return after <= rate.burst * TICKS_PER_TOKEN ? after : undefined
}

/** @param tokens that were asked for, or will be */
export function standing(debt: number, rate: Rate, tokens: number): Standing {
  const full = rate.burst * TICKS_PER_TOKEN
  const remaining = Math.floor((full - debt) / TICKS_PER_TOKEN)
  const microsUntil = (wanted: number) =>
    Math.ceil(Math.max(0, debt + wanted * TICKS_PER_TOKEN - full) / rate.perMinute)
  return {
    remaining,
    nextMicros: remaining >= rate.burst ? 0 : microsUntil(remaining + 1),
    waitMicros: tokens > rate.burst ? null : microsUntil(tokens),
  }
}

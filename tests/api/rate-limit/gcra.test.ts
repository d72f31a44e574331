import { describe, expect, test } from '@jest/globals'
import type { Rate } from '../../../src/shared/access/api-key.ts'
import {
  type Arrival,
  arrivalOf,
  debtAt,
  standing,
  takeTokens,
  TICKS_PER_TOKEN,
} from '../../../src/api/rate-limit/gcra.ts'

const MINUTE_MICROS = 60_000_000

/** A bucket with a clock that the test moves. */
function bucketOf(rate: Rate) {
  let arrival: Arrival | undefined
  return {
    take(now: number, tokens = 1): boolean {
      const debt = debtAt(arrival, now, rate)
      const after = takeTokens(debt, rate, tokens)
      arrival = arrivalOf(after ?? debt, now, rate)
      return after !== undefined
    },
    standing: (now: number, tokens = 1) => standing(debtAt(arrival, now, rate), rate, tokens),
  }
}

/** Numbers from 0 up to 1, the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

test('a full bucket lets its burst through and then one for each interval, to the microsecond', () => {
  const bucket = bucketOf({ perMinute: 60, burst: 5 })
  const start = 1_800_000_000_000_000
  expect(Array.from({ length: 6 }, () => bucket.take(start))).toEqual([true, true, true, true, true, false])
  expect(bucket.standing(start)).toEqual({ remaining: 0, nextMicros: 1_000_000, waitMicros: 1_000_000 })
  expect(bucket.take(start + 999_999)).toBe(false)
  expect(bucket.take(start + 1_000_000)).toBe(true)
  expect(bucket.take(start + 1_000_000)).toBe(false)
})

test('several tokens are taken together or not at all', () => {
  const bucket = bucketOf({ perMinute: 60, burst: 5 })
  expect(bucket.take(0, 3)).toBe(true)
  expect(bucket.take(0, 3)).toBe(false)
  expect(bucket.standing(0, 3)).toEqual({ remaining: 2, nextMicros: 1_000_000, waitMicros: 1_000_000 })
  expect(bucket.take(0, 2)).toBe(true)
  expect(bucket.standing(0, 6).waitMicros).toBeNull()
})

test.each([
  { perMinute: 1, burst: 1 },
  { perMinute: 1, burst: 1_000_000 },
  { perMinute: 7, burst: 3 },
  { perMinute: 999_999_937, burst: 1_000_000 },
  { perMinute: 1_000_000_000, burst: 1 },
  { perMinute: 1_000_000_000, burst: 1_000_000 },
])('nothing is lost to rounding at $perMinute a minute and a burst of $burst', (rate) => {
  const bucket = bucketOf(rate)
  const start = 1_799_999_999_999_999
  expect(bucket.take(start, rate.burst)).toBe(true)
  expect(bucket.take(start)).toBe(false)
  // A whole minute pays back as many tokens as the rate says, in steps of any size.
  const steps = 1999
  let taken = 0
  for (let step = 1; step <= steps; step++) {
    const now = start + Math.floor((MINUTE_MICROS * step) / steps)
    const { remaining } = bucket.standing(now)
    if (remaining > 0 && bucket.take(now, remaining)) taken += remaining
  }
  // What a full bucket cannot hold is lost between two steps; nothing else is.
  if (rate.perMinute / steps < rate.burst) expect(taken).toBe(rate.perMinute)
  else expect(taken).toBe(steps * rate.burst)
})

test.each([
  { perMinute: 60, burst: 10 },
  { perMinute: 7, burst: 3 },
  { perMinute: 1_000_000_000, burst: 1_000_000 },
])(
  'in no window does more pass than the bucket allows, and whoever waits as told passes ($perMinute, $burst)',
  (rate) => {
    const random = seeded(rate.perMinute)
    const bucket = bucketOf(rate)
    const interval = MINUTE_MICROS / rate.perMinute
    const passed: { at: number; tokens: number }[] = []
    let now = 1_800_000_000_000_000
    for (let i = 0; i < 600; i++) {
      now += Math.floor(random() * random() * interval * 4)
      const tokens = 1 + Math.floor(random() * random() * rate.burst)
      const { remaining, waitMicros } = bucket.standing(now, tokens)
      const couldPass = bucket.take(now, tokens)
      expect(couldPass).toBe(remaining >= tokens)
      expect(waitMicros === 0).toBe(couldPass)
      if (couldPass) {
        passed.push({ at: now, tokens })
      } else if (random() < 0.2) {
        now += waitMicros ?? 0
        expect(bucket.take(now, tokens)).toBe(true)
        passed.push({ at: now, tokens })
      }
    }
    // In whole numbers: total * 60e6 <= burst * 60e6 + window * perMinute, for every window.
    const excess = passed.flatMap((first, index) => {
      let total = 0
      return passed.slice(index).map(({ at, tokens }) => {
        total += tokens
        return (total - rate.burst) * TICKS_PER_TOKEN - (at - first.at) * rate.perMinute
      })
    })
    expect(excess.filter((ticks) => ticks > 0)).toEqual([])
  },
)

describe('a clock that is set', () => {
  const rate = { perMinute: 60, burst: 5 }

  test('back keeps nobody out for longer than an empty bucket takes to fill', () => {
    const bucket = bucketOf(rate)
    expect(bucket.take(1_800_000_000_000_000, 1)).toBe(true)
    const yesterday = 1_800_000_000_000_000 - 86_400_000_000
    expect(bucket.standing(yesterday)).toEqual({ remaining: 0, nextMicros: 1_000_000, waitMicros: 1_000_000 })
    expect(bucket.take(yesterday)).toBe(false)
    expect(bucket.take(yesterday + 1_000_000)).toBe(true)
  })

  test('forward gives at most a full bucket', () => {
    const bucket = bucketOf(rate)
    expect(bucket.take(0, 5)).toBe(true)
    expect(bucket.standing(1e15).remaining).toBe(5)
    expect(bucket.take(1e15, 5)).toBe(true)
    expect(bucket.take(1e15)).toBe(false)
  })
})

test('a bucket that was made smaller is empty at most, and one made faster keeps what it owes', () => {
  const slow = { perMinute: 60, burst: 100 }
  const arrival = arrivalOf(100 * TICKS_PER_TOKEN, 0, slow)
  const small = { perMinute: 60, burst: 10 }
  expect(standing(debtAt(arrival, 0, small), small, 1)).toEqual({ remaining: 0, nextMicros: 1e6, waitMicros: 1e6 })
})

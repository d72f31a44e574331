import { expect, test } from '@jest/globals'
import { createLocalBuckets } from '../../../src/api/rate-limit/local-buckets.ts'
import { onceASecond } from '../../../src/api/rate-limit/once-a-second.ts'

const SECOND_MICROS = 1_000_000
const rate = { perMinute: 60, burst: 5 }

/** Buckets with a clock that the test moves. */
function withClock(maxBuckets: number) {
  let now = 0
  const buckets = createLocalBuckets(maxBuckets, () => now)
  const passes = (bucket: string, tokens = 1) => buckets.take(bucket, rate, tokens).ticket !== undefined
  return { buckets, passes, advance: (micros: number) => (now += micros) }
}

const countOf = (times: number, take: () => boolean) => Array.from({ length: times }, take).filter(Boolean).length

test('what is given back at once can be taken again, and nothing beyond it', () => {
  const { buckets, passes } = withClock(10)
  const { ticket } = buckets.take('a', rate, 5)
  expect(passes('a')).toBe(false)
  if (ticket) buckets.refund(ticket)
  expect(countOf(10, () => passes('a'))).toBe(5)
})

test('what time has paid back already is not given back a second time', () => {
  const { buckets, passes, advance } = withClock(10)
  const { ticket } = buckets.take('a', rate, 5)
  advance(10 * SECOND_MICROS)
  // The bucket is full again; one is taken, and four are left whatever becomes of the first five.
  expect(passes('a')).toBe(true)
  if (ticket) buckets.refund(ticket)
  expect(countOf(10, () => passes('a'))).toBe(4)
})

test('what is given back late is only what is still owed', () => {
  const { buckets, passes, advance } = withClock(10)
  const { ticket } = buckets.take('a', rate, 5)
  advance(2 * SECOND_MICROS)
  expect(countOf(10, () => passes('a'))).toBe(2)
  if (ticket) buckets.refund(ticket)
  expect(countOf(10, () => passes('a'))).toBe(3)
})

test('callers that find no room share one bucket, and are not without limit', () => {
  const { buckets, passes, advance } = withClock(100)
  for (let i = 0; i < 100; i++) expect(passes(`first-${i}`)).toBe(true)
  expect(buckets.take('late', rate, 1).shared).toBe(true)
  let number = 0
  expect(countOf(1000, () => passes(`late-${number++}`))).toBe(4)
  // Those that have room are not touched by it.
  expect(countOf(10, () => passes('first-0'))).toBe(4)
  // A full bucket needs no room: a second later the first ones are full again.
  advance(SECOND_MICROS)
  expect(countOf(10, () => passes('late-again'))).toBe(5)
})

test('a flood is told of once a second for each name', () => {
  let nowMs = 0
  const isFirst = onceASecond(() => nowMs)
  expect([isFirst('a'), isFirst('a'), isFirst('b'), isFirst('a')]).toEqual([true, false, true, false])
  nowMs += 1000
  expect([isFirst('a'), isFirst('a')]).toEqual([true, false])
})

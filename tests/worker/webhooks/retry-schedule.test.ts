import { expect, test } from '@jest/globals'
import { RETRY_SCHEDULE_MS, retryAfterMs, retryDelayMs } from '../../../src/worker/webhooks/retry-schedule.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = Date.parse('2027-01-31T12:00:00Z')

test('a delivery is tried ten times in about three days', () => {
  expect(RETRY_SCHEDULE_MS).toEqual([5000, 5 * MINUTE, 30 * MINUTE, ...[2, 5, 10, 14, 20, 24].map((h) => h * HOUR)])
  const total = RETRY_SCHEDULE_MS.reduce((sum, ms) => sum + ms, 0)
  expect(Math.round(total / HOUR)).toBe(76)
})

test.each(RETRY_SCHEDULE_MS.map((baseMs, tries) => ({ baseMs, tries })))(
  'after $tries retries the next comes after $baseMs ms, a tenth more or less',
  ({ baseMs, tries }) => {
    expect(retryDelayMs(RETRY_SCHEDULE_MS, tries, null, 0)).toBe(baseMs * 0.9)
    expect(retryDelayMs(RETRY_SCHEDULE_MS, tries, null, 0.5)).toBe(baseMs)
    expect(retryDelayMs(RETRY_SCHEDULE_MS, tries, null, 1)).toBe(Math.round(baseMs * 1.1))
  },
)

test('after the last attempt there is no other, whatever the receiver asks for', () => {
  expect(retryDelayMs(RETRY_SCHEDULE_MS, RETRY_SCHEDULE_MS.length, HOUR, 0.5)).toBeUndefined()
})

test.each([
  { status: 429, header: '120', asked: 120_000 },
  { status: 503, header: ' 0 ', asked: 0 },
  { status: 503, header: 'Sun, 31 Jan 2027 12:10:00 GMT', asked: 10 * MINUTE },
  { status: 503, header: 'Sunday, 31-Jan-27 12:10:00 GMT', asked: 10 * MINUTE },
  { status: 503, header: 'Sun Jan 31 12:10:00 2027', asked: 10 * MINUTE },
  { status: 429, header: 'Sun, 31 Jan 2027 11:00:00 GMT', asked: 0 },
  { status: 429, header: '-5', asked: null },
  { status: 429, header: '1e9', asked: null },
  { status: 429, header: '2027', asked: 2_027_000 },
  { status: 429, header: 'soon', asked: null },
  { status: 429, header: '', asked: null },
  { status: 429, header: undefined, asked: null },
  { status: 500, header: '120', asked: null },
  { status: 301, header: '120', asked: null },
])('Retry-After "$header" with $status asks for $asked ms', ({ status, header, asked }) => {
  expect(retryAfterMs(status, header, NOW)).toBe(asked)
})

test('a receiver is not tried sooner than it asked for, nor later than a day', () => {
  expect(retryDelayMs(RETRY_SCHEDULE_MS, 0, 2 * MINUTE, 0)).toBe(2 * MINUTE)
  expect(retryDelayMs(RETRY_SCHEDULE_MS, 0, 2 * MINUTE, 1)).toBe(2.2 * MINUTE)
  expect(retryDelayMs(RETRY_SCHEDULE_MS, 0, 9e12, 0)).toBe(24 * HOUR)
  // The schedule is longer than what was asked for.
  expect(retryDelayMs(RETRY_SCHEDULE_MS, 3, MINUTE, 0.5)).toBe(2 * HOUR)
})

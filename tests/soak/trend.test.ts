import { expect, test } from '@jest/globals'
import { trendOf } from './trend.ts'

const points = (count: number, y: (x: number) => number) => Array.from({ length: count }, (_, x) => ({ x, y: y(x) }))
/** A fixed sequence that looks random, between -1 and 1. */
const noise = (seed: number) => Math.sin(seed * 12.9898) * Math.cos(seed * 78.233)

test('the trend of a straight line is its slope, without error', () => {
  const { slope, error } = trendOf(points(50, (x) => 3 + 2 * x))
  expect(slope).toBeCloseTo(2)
  expect(error).toBeCloseTo(0)
})

test('noise has no trend beyond twice its error, and a leak under noise has one', () => {
  const still = trendOf(points(200, (x) => 100 + 10 * noise(x)))
  expect(Math.abs(still.slope)).toBeLessThan(2 * still.error)
  const leak = trendOf(points(200, (x) => 100 + 0.5 * x + 10 * noise(x)))
  expect(leak.slope).toBeGreaterThan(2 * leak.error)
})

test('saw teeth of a few periods are no trend', () => {
  const { slope, error } = trendOf(points(200, (x) => 100 + (x % 60)))
  expect(Math.abs(slope)).toBeLessThan(2 * error)
})

test('a few points have no trend', () => {
  expect(() => trendOf(points(7, (x) => x))).toThrow('too few')
})

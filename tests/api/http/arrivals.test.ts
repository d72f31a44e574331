import { expect, test } from '@jest/globals'
import { createArrivals } from '../../../src/api/http/arrivals.ts'
import { Problem } from '../../../src/shared/problems.ts'

const refusal = (ask: () => unknown): Problem | undefined => {
  try {
    ask()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  return undefined
}

test('bodies are let in while there is room, and are told when to come again', () => {
  const arrivals = createArrivals(100)
  const leave = arrivals.enter('a', 30)
  arrivals.enter('b', 40)
  arrivals.enter('c', 30)
  const refused = refusal(() => arrivals.enter('d', 1))
  expect([refused?.code, refused?.headers]).toEqual(['unavailable', { 'Retry-After': '5' }])
  leave()
  expect(refusal(() => arrivals.enter('d', 30))).toBeUndefined()
})

test('one tenant has half of it, and the others the rest', () => {
  const arrivals = createArrivals(100)
  arrivals.enter('a', 30)
  arrivals.enter('a', 20)
  const refused = refusal(() => arrivals.enter('a', 1))
  expect([refused?.code, refused?.headers]).toEqual(['too-many-open', { 'Retry-After': '5' }])
  expect(refusal(() => arrivals.enter('b', 50))).toBeUndefined()
})

test('what comes alone has room, however long it is', () => {
  const arrivals = createArrivals(100)
  const leave = arrivals.enter('a', 1000)
  expect(refusal(() => arrivals.enter('b', 1))).toBeDefined()
  leave()
  expect(refusal(() => arrivals.enter('b', 1))).toBeUndefined()
})

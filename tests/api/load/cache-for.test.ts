import { expect, test } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'
import { cacheFor } from '../../../src/api/load/cache-for.ts'

/** A question whose answers are the numbers of the asking. */
const counting = (answers: (count: number) => Promise<number> = async (count) => count) => {
  let count = 0
  return { ask: () => answers(++count), asked: () => count }
}

test('callers at once share the question, later ones the answer while it is fresh', async () => {
  const { ask, asked } = counting()
  const cached = cacheFor({ freshMs: 10_000, staleMs: 20_000 }, ask)
  expect(await Promise.all([cached(), cached()])).toEqual([1, 1])
  expect(await cached()).toBe(1)
  expect(asked()).toBe(1)
})

test('a stale answer is given once more while the question is asked anew, one that is too old is not', async () => {
  const { ask, asked } = counting()
  let now = 0
  const cached = cacheFor({ freshMs: 20, staleMs: 100 }, ask, () => now)
  await cached()
  now = 50
  expect(await cached()).toBe(1)
  expect(asked()).toBe(2)
  expect(await cached()).toBe(2)
  now = 200
  expect(await cached()).toBe(3)
})

test('a failure is told to who waits for the answer, and not kept', async () => {
  const { ask } = counting(async (count) => {
    if (count === 1 || count === 3) throw new Error('away')
    return count
  })
  let now = 0
  const cached = cacheFor({ freshMs: 20, staleMs: 10_000 }, ask, () => now)
  await expect(cached()).rejects.toThrow('away')
  expect(await cached()).toBe(2)
  now = 50
  expect(await cached()).toBe(2)
  await turn()
  expect(await cached()).toBe(2)
})

import { expect, test } from '@jest/globals'
import { loadOnce } from '../../src/shared/load-once.ts'

test('those who ask at once and later share one load', async () => {
  let loads = 0
  const get = loadOnce(async () => ({ load: ++loads }))
  expect(loads).toBe(0)
  const [one, other] = await Promise.all([get(), get()])
  expect(other).toBe(one)
  expect(await get()).toBe(one)
  expect(loads).toBe(1)
})

test('all who wait get the error of a load that fails, and the next one loads anew', async () => {
  const errors = [new Error('no file')]
  const get = loadOnce(async () => {
    const error = errors.pop()
    if (error) throw error
    return 'loaded'
  })
  const outcomes = await Promise.allSettled([get(), get()])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await get()).toBe('loaded')
})

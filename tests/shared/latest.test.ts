import { expect, test } from '@jest/globals'
import { createLatest } from '../../src/shared/latest.ts'

test('of more values than are remembered those stay that were put there last, also by a key that was known', () => {
  const latest = createLatest<string, number>(2)
  latest.put('a', 1)
  latest.put('b', 2)
  latest.put('a', 3)
  expect([latest.get('a'), latest.get('b')]).toEqual([3, 2])
  latest.put('c', 4)
  expect([latest.get('a'), latest.get('b'), latest.get('c')]).toEqual([3, undefined, 4])
})

import { expect, test } from '@jest/globals'
import { createLatest } from '../../src/shared/latest.ts'

test('of more values than are remembered those go that were put there first', () => {
  const latest = createLatest<string, number>(2)
  latest.put('a', 1)
  latest.put('b', 2)
  latest.put('b', 3)
  expect([latest.get('a'), latest.get('b')]).toEqual([1, 3])
  latest.put('c', 4)
  expect([latest.get('a'), latest.get('b'), latest.get('c')]).toEqual([undefined, 3, 4])
})

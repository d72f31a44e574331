import { expect, test } from '@jest/globals'
import { createTwice } from '../../src/pages/notebook/twice.ts'

test.each([
  ['d', 'd', [false, true]],
  ['d', 'd d', [false, true, false]],
  ['d', 'd d d', [false, true, false, true]],
  ['d', 'j d', [false, false, false]],
  ['i', 'd i', [false, false, false]],
])('%s and then %s soon after it: second presses are %j', (first, then, expected) => {
  const isSecond = createTwice(() => 0)
  expect([first, ...then.split(' ')].map(isSecond)).toEqual(expected)
})

test('two presses of a key with a pause between them are two first ones', () => {
  let time = 0
  const isSecond = createTwice(() => time)
  expect(isSecond('d')).toBe(false)
  time += 800
  expect(isSecond('d')).toBe(false)
})

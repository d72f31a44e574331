import { expect, test } from '@jest/globals'
import { eventually } from './eventually.ts'

test('a probe that throws at first is asked again', async () => {
  let asked = 0
  const answer = await eventually('the third answer', () => {
    asked += 1
    expect(asked).toBe(3)
    return `answer ${asked}`
  })
  expect(answer).toBe('answer 3')
})

test('what never comes fails with its description and the last value, or what was thrown last', async () => {
  await expect(eventually('a key', () => undefined, 20)).rejects.toThrow('a key: not within 20 ms; last: undefined')
  const throwing = () => {
    throw new Error('no such delivery')
  }
  await expect(eventually('a delivery', throwing, 20)).rejects.toThrow(
    'a delivery: not within 20 ms; last: Error: no such delivery',
  )
})

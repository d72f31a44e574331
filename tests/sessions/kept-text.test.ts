import { expect, test } from '@jest/globals'
import { createKeptText } from '../../src/worker/sessions/kept-text.ts'

test('the end of a text stays, whatever the pieces that it came in', () => {
  for (const size of [1, 7, 70_000, 200_000]) {
    const text = createKeptText()
    const whole = Array.from({ length: 200_000 }, (_, i) => String(i % 10)).join('')
    for (let at = 0; at < whole.length; at += size) {
      text.add(whole.slice(at, at + size))
      if (text.length > 100_000) text.cut(text.length - 100_000)
    }
    expect(text.toString() === whole.slice(-100_000)).toBe(true)
    expect(text.length).toBe(100_000)
  }
})

test('no half of a character stays', () => {
  const text = createKeptText()
  text.add('a😀b')
  text.cut(2)
  expect({ text: text.toString(), length: text.length }).toEqual({ text: 'b', length: 1 })
  text.cut(10)
  expect(text.toString()).toBe('')
})

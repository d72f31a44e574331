import { expect, test } from '@jest/globals'
import { shown } from '../../src/pages/playground/output/odd-characters.ts'

test.each([
  ['a right-to-left override', 'invoice\u202efdp.exe', 'invoice<U+202E>fdp.exe'],
  ['an isolate', '\u2067abc\u2069', '<U+2067>abc<U+2069>'],
  ['an escape', '\u001b[31mred', '␛[31mred'],
  ['a control of eight bits', 'a\u009bb', 'a<U+009B>b'],
  ['a line end and a tab', 'a\n\tb', 'a\n\tb'],
  ['a language that is written from the right', 'שלום', 'שלום'],
])('%s', (_what, text, expected) => {
  expect(shown(text)).toBe(expected)
  expect(shown(text)).toBe(expected)
})

import { describe, expect, test } from '@jest/globals'
import type { BuiltInChecker } from '../../src/shared/judging/judging-spec.ts'
import { compareOutput } from '../../src/worker/judging/compare.ts'

const checker = (type: BuiltInChecker['type'], more: Partial<BuiltInChecker> = {}): BuiltInChecker => ({
  type,
  ignoreCase: false,
  absolute: 0,
  relative: 0,
  ...more,
})
const [OK, WRONG, LAYOUT] = ['accepted', 'wrong-answer', 'presentation-error'] as const

test.each([
  ['exact', 'a\n', 'a\n', OK],
  ['exact', 'a', 'a\n', LAYOUT],
  ['exact', 'a b', 'a  b', LAYOUT],
  ['exact', 'b', 'a', WRONG],
  ['exact', '', '', OK],
  ['lines', 'a\nb\n', 'a\nb', OK],
  ['lines', 'a  \nb\n\n', 'a\nb', OK],
  ['lines', 'a\r\nb', 'a\nb', OK],
  ['lines', 'a', 'a\n \n\t\n', OK],
  ['lines', ' a', 'a', LAYOUT],
  ['lines', 'a\n\nb', 'a\nb', LAYOUT],
  ['lines', 'a b', 'a\nb', LAYOUT],
  ['lines', 'a', 'a\nb', WRONG],
  ['lines', 'a\nb', 'a', WRONG],
  ['lines', 'A', 'a', WRONG],
  ['lines', '', 'a', WRONG],
  ['lines', '', '\n', OK],
  ['tokens', '1 2\n3', ' 1\n2   3\n', OK],
  ['tokens', '12', '1 2', WRONG],
  ['tokens', '1 2', '1 2 3', WRONG],
  ['tokens', '1 2 3', '1 2', WRONG],
  ['tokens', '', ' \n', OK],
  ['unordered-lines', 'b\na', 'a\nb\n', OK],
  ['unordered-lines', 'b \n\na', 'a\nb', OK],
  ['unordered-lines', 'a\na\nb', 'a\nb\nb', WRONG],
  ['unordered-lines', 'a', 'a\na', WRONG],
  ['unordered-lines', 'a\na', 'a', WRONG],
  ['unordered-lines', '', '', OK],
] as const)('%s: %j against %j is %s', (type, output, answer, expected) =>
  expect(compareOutput(checker(type), Buffer.from(output), answer)).toBe(expected),
)

test.each(['exact', 'lines', 'tokens', 'numbers', 'unordered-lines'] as const)(
  '%s takes nothing beside the right answer',
  (type) => {
    const within = checker(type, type === 'numbers' ? { absolute: 1e-6, relative: 1e-6 } : {})
    const answer = '42\nyes\n'
    for (const output of [
      '42\nyes\n42\n',
      '42\nyes\n\0',
      '42\0\nyes\n',
      '42\nyes\n\u200b',
      '42\nyes\u001b[0m\n',
      '42\nyes\nyes\n',
      '٤٢\nyes\n',
      '４２\nyes\n',
      '0x2a\nyes\n',
      '4_2\nyes\n',
      '42n\nyes\n',
    ])
      expect([output, compareOutput(within, Buffer.from(output), answer)]).toEqual([output, WRONG])
    expect(compareOutput(within, Buffer.from(answer), answer)).toBe(OK)
  },
)

describe('numbers', () => {
  test.each([
    ['1.0000001', '1', OK],
    ['0.999', '1', WRONG],
    ['1000000.5', '1000000', OK],
    ['1000002', '1000000', WRONG],
    ['1e6', '1000000.0', OK],
    ['-0.0000001', '0', OK],
    ['.5 5.', '0.5 5', OK],
    ['x 1', 'x 1.0', OK],
    ['y 1', 'x 1', WRONG],
    ['1', 'x', WRONG],
    ['nan', '1', WRONG],
    ['inf', '1', WRONG],
    ['1e999', '1', WRONG],
    ['1e999', '1e999', OK],
    ['0x1', '1', WRONG],
    ['1,0', '1', WRONG],
    ['1 1', '1', WRONG],
    ['', '1', WRONG],
    ['-inf', '1e400', WRONG],
    ['1e999', '1e998', WRONG],
    ['1e-999', '0', OK],
    ['nan', 'nan', OK],
    ['NaN', 'nan', WRONG],
    ['Infinity', '1e308', WRONG],
    ['1e308', '-1e308', WRONG],
    ['١', '1', WRONG],
    ['1d', '1', WRONG],
    ['1e', '1', WRONG],
    ['1e+', '1', WRONG],
    ['0b1', '1', WRONG],
    ['--1', '-1', WRONG],
  ])('%j against %j is %s', (output, answer, expected) => {
    const within = checker('numbers', { absolute: 1e-6, relative: 1e-6 })
    expect(compareOutput(within, Buffer.from(output), answer)).toBe(expected)
  })

  test.each(['x', '.x', 'e'])(
    'a long word that is one but for its end, %j, is read in the time of its length',
    (end) => {
      const output = Buffer.from('1'.repeat(1e6) + end)
      expect(compareOutput(checker('numbers'), output, '1')).toBe(WRONG)
    },
  )

  test('may have either error alone', () => {
    const absolute = checker('numbers', { absolute: 0.1 })
    const relative = checker('numbers', { relative: 0.1 })
    expect(compareOutput(absolute, Buffer.from('100.05'), '100')).toBe(OK)
    expect(compareOutput(absolute, Buffer.from('105'), '100')).toBe(WRONG)
    expect(compareOutput(relative, Buffer.from('105'), '100')).toBe(OK)
    expect(compareOutput(relative, Buffer.from('0.05'), '0')).toBe(WRONG)
  })
})

test.each(['lines', 'tokens', 'numbers', 'unordered-lines'] as const)('%s can leave letter case aside', (type) => {
  expect(compareOutput(checker(type, { ignoreCase: true }), Buffer.from('YES'), 'Yes')).toBe(OK)
  expect(compareOutput(checker(type), Buffer.from('YES'), 'Yes')).toBe(WRONG)
})

test('bytes that are no text equal nothing', () => {
  for (const type of ['exact', 'lines', 'tokens'] as const) {
    expect(compareOutput(checker(type), Buffer.from([0xff, 0x0a]), 'a\n')).toBe(WRONG)
  }
})

test.each(['exact', 'lines', 'tokens', 'numbers', 'unordered-lines'] as const)(
  'a flood behind the right answer is not accepted: %s',
  (type) => {
    const flood = Buffer.from(`1\n1\n${'1 \n'.repeat(500_000)}`)
    expect(compareOutput(checker(type), flood, '1\n1\n')).toBe(WRONG)
  },
)

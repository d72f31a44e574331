import { expect, test } from '@jest/globals'
import { lineDiff } from '../../src/pages/playground/tests/line-diff.ts'

const MARKS = { same: '=', expected: '-', actual: '+' } as const
const told = (expected: string, actual: string) =>
  lineDiff(expected, actual).map(({ kind, text }) => `${MARKS[kind]}${text}`)

test.each([
  ['', '', []],
  ['a\nb\n', 'a  \nb', ['=a', '=b']],
  ['a\nb\nc', 'a\nc', ['=a', '-b', '=c']],
  ['a\nc', 'a\nb\nc', ['=a', '+b', '=c']],
  ['a\nb\nc\nd', 'b\nx\nd', ['-a', '=b', '-c', '+x', '=d']],
  ['', 'x', ['+x']],
  ['x\n', '', ['-x']],
])('from %j to %j it is %j', (expected, actual, lines) => {
  expect(told(expected, actual)).toEqual(lines)
})

test('what is too long to be compared is told apart as a whole, but for its common ends', () => {
  const numbers = (from: number) => Array.from({ length: 600 }, (_, index) => `${from + index}`)
  const lines = lineDiff(['begin', ...numbers(0), 'end'].join('\n'), ['begin', ...numbers(9000), 'end'].join('\n'))
  expect(lines.length).toBe(1202)
  expect([lines.at(0), lines.at(1), lines.at(601), lines.at(-1)]).toEqual([
    { kind: 'same', text: 'begin' },
    { kind: 'expected', text: '0' },
    { kind: 'actual', text: '9000' },
    { kind: 'same', text: 'end' },
  ])
})

import { expect, test } from '@jest/globals'
import { conformanceTable } from '../support/conformance-table.ts'

const row = (id: string, more: object = {}) => ({
  id,
  name: id.toUpperCase(),
  version: '1.2',
  imageBytes: 98_400_000,
  helloMs: 4.6,
  helloFailed: false,
  without: [],
  deviations: [],
  ...more,
})
const ids = (table: string) => [...table.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1])

test('rows of what was run now take the place of older ones, sorted', () => {
  const before = conformanceTable('', ['a', 'b', 'c'], [row('c'), row('b', { version: '1.0' })])
  const after = conformanceTable(
    before,
    ['a', 'b', 'c'],
    [row('b'), row('a', { without: ['arguments: it | has none'] })],
  )
  expect(after.split('\n').slice(2)).toEqual([
    '| `a` | A | 1.2 | 98 MB | 5 ms | arguments: it \\| has none |',
    '| `b` | B | 1.2 | 98 MB | 5 ms |  |',
    '| `c` | C | 1.2 | 98 MB | 5 ms |  |',
  ])
})

test('a time that was not measured now stays as it was', () => {
  const before = conformanceTable('', ['a'], [row('a')])
  const unmeasured = { version: '1.3', helloMs: null }
  const after = conformanceTable(before, ['a', 'b'], [row('a', unmeasured), row('b', unmeasured)])
  expect(after.split('\n').slice(2)).toEqual(['| `a` | A | 1.3 | 98 MB | 5 ms |  |', '| `b` | B | 1.3 | 98 MB |  |  |'])
})

test('a language whose hello fails is not listed, nor one that is gone', () => {
  const before = conformanceTable('', ['a', 'b', 'c'], [row('a'), row('b'), row('c')])
  const failed = row('b', { helloFailed: true, deviations: ['hello: is failed; run: "x"'] })
  expect(ids(conformanceTable(before, ['a', 'b'], [failed]))).toEqual(['a'])
})

test('what ended otherwise than expected is told without its output', () => {
  const table = conformanceTable('', ['a'], [row('a', { deviations: ['unicode: is failed; run: "x"'] })])
  expect(table).toContain('| **unicode: is failed** |')
})

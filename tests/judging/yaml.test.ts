import { expect, test } from '@jest/globals'
import { parseYaml, YamlFault } from '../../src/shared/judging/yaml.ts'

test.each([
  ['', null],
  ['# nothing\n\n', null],
  ['a: 1\nb: two words\nc:\n', { a: '1', b: 'two words', c: null }],
  ['name: "a: # b"  # c\nother: it\'s', { name: 'a: # b', other: "it's" }],
  ["a: 'it''s'", { a: "it's" }],
  ['a:\n  b:\n    c: 1\n  d: 2\ne: 3', { a: { b: { c: '1' }, d: '2' }, e: '3' }],
  ['a:\n- 1\n- 2\nb: 3', { a: ['1', '2'], b: '3' }],
  ['a:\n  - x: 1\n    y: 2\n  - z', { a: [{ x: '1', y: '2' }, 'z'] }],
  ['- a\n-\n  - b\n- - c', ['a', ['b'], ['c']]],
  ['a: [1, "two, three", [x]]\nb: {c: 1, d: [2]}', { a: ['1', 'two, three', ['x']], b: { c: '1', d: ['2'] } }],
  ['a: []\nb: {}', { a: [], b: {} }],
  ['---\nurl: http://x.example/#y', { url: 'http://x.example/#y' }],
  ['"a b": 1', { 'a b': '1' }],
  ['just words', 'just words'],
  ['validator_flags: --eps -1', { validator_flags: '--eps -1' }],
  ['a: ~\r\nb: null\r\n', { a: null, b: null }],
  ['\uFEFFa: 1', { a: '1' }],
  ['a: |\n  one # two\n\n    three\nb: 2', { a: 'one # two\n\n  three\n', b: '2' }],
  ['a: >-\r\n  one\r\n  two\r\n\r\n  three\r\nb: 2', { a: 'one two\nthree', b: '2' }],
  ['- |-\n  a: 1\n- b: |+ # c\n    x\n\n  c: 1', ['a: 1', { b: 'x\n\n', c: '1' }]],
  ['a: &x 1\nb: &y [2]', { a: '1', b: ['2'] }],
  [
    'a: [\n  1, # one\n  [2,\n   3],\n]\nb: {c: 1,\n  d: 2}\ne: 3',
    { a: ['1', ['2', '3']], b: { c: '1', d: '2' }, e: '3' },
  ],
  ['a: one\n  two\n\n  three\nb: 1\n...', { a: 'one two\nthree', b: '1' }],
])('%j is read', (source, expected) => expect(parseYaml(source)).toEqual(expected))

test.each([
  ['a: [1,\n  2', /^line 3: unexpected end of the stream within a flow collection/],
  ['a: !!float 1', /^line 1: unknown tag/],
  ['a: 1\na: 2', /^line 2: duplicated mapping key/],
  ['a: {b 1\n', /^line 2: unexpected end/],
  ['a: [1] 2', /^line \d: /],
  ['a: 1\n   b: 2', /^line 2: /],
  ['a: "x', /^line \d: .*double quoted/],
  ['a: 1\nwords\nb: 2', /^line 3: can not read/],
  ['a: 1\n---\nb: 1', /^expected a single document/],
  ['a: &x 1\nb: *x', /^line 2: has an alias; write the value out$/],
  ['a: &x [*x]', /^line 1: has an alias/],
  ['- &x a\n- {*x : 1}', /^line 2: has an alias/],
  ['&a\n*a : 1', /^line 2: has an alias/],
  [`a: !${'x'.repeat(1e5)} 1`, /^line 1: unknown tag !<!x{1,200}$/],
])('%j is refused', (source, expected) => {
  expect(() => parseYaml(source)).toThrow(YamlFault)
  expect(() => parseYaml(source)).toThrow(expected)
})

test.each([
  ['spaces', `a${' '.repeat(1e6)}b`, `a${' '.repeat(1e6)}b`],
  ['quotes', `a: ${"x'".repeat(5e5)}`, { a: "x'".repeat(5e5) }],
  ['spaces in brackets', `a: [a${' '.repeat(1e6)}b]`, { a: [`a${' '.repeat(1e6)}b`] }],
  ['spaces behind a key', `a:${' '.repeat(1e6)}x`, { a: 'x' }],
  ['spaces before a block', `a:${' '.repeat(1e6)}|`, { a: '' }],
  ['blocks', '- |\n'.repeat(1e5), Array.from({ length: 1e5 }, () => '')],
  ['lines of one block', `a: |\n${'  x\n'.repeat(1e5)}`, { a: 'x\n'.repeat(1e5) }],
  ['lines in brackets', `a: [\n${'x,\n'.repeat(1e5)}]`, { a: Array.from({ length: 1e5 }, () => 'x') }],
  ['lines of a plain text', `a: x\n${'  x\n'.repeat(1e5)}`, { a: `x${' x'.repeat(1e5)}` }],
])('a file of very many %s is read', (_what, text, expected) => {
  // Of values so large a difference would take longer to show than to find.
  expect(JSON.stringify(parseYaml(text)) === JSON.stringify(expected)).toBe(true)
})

const doubling = 'abcdefghi'
  .split('')
  .map((name, index, names) => {
    const item = index === 0 ? 'x' : `*${names[index - 1]}`
    return `${name}: &${name} [${Array.from({ length: 10 }, () => item).join(', ')}]\n`
  })
  .join('')
const long = 'x'.repeat(5e5)

test.each([
  ['lists of lists', `${doubling}validator_flags: [*i]`, 2],
  ['a long word', `a: &s ${long}\ntype: [${'*s, '.repeat(1000)}]`, 2],
  ['a long key', `a: &s ${long}\n? [${'*s, '.repeat(1000)}]\n: 1`, 2],
])('what aliases would make larger than its file is refused: %s', (_what, text, line) => {
  expect(() => parseYaml(text)).toThrow(new YamlFault(`line ${line}: has an alias; write the value out`))
})

test.each([
  ['brackets', `a: ${'['.repeat(1e5)}`, /^line 1: nesting exceeded/],
  ['dashes', `${'- '.repeat(1e5)}a`, /^line 1: nesting exceeded/],
  ['length', 'a'.repeat(1024 * 1024 + 1), /^has 1048577 characters; 1048576 are allowed/],
])('too much is refused: %s', (_what, text, message) => {
  expect(() => parseYaml(text)).toThrow(YamlFault)
  expect(() => parseYaml(text)).toThrow(message)
})

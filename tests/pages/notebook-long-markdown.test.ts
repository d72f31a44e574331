import { expect, test } from '@jest/globals'
import { lexMarkdown } from '../../src/pages/notebook/markdown/lex.ts'

test.each([String.raw`\[`, String.raw`\(`, '$ a', String.raw`\begin{a}`])(
  'many times %j, which opens a formula and never closes it, are text',
  (mark) => {
    const found = lexMarkdown(mark.repeat(10_000 / mark.length))
    expect(JSON.stringify(found).includes('"type":"formula"')).toBe(false)
  },
)

test('a formula of some thousand characters is one', () => {
  const [first] = lexMarkdown(`$$${'x+'.repeat(2000)}x$$`)
  expect(first).toMatchObject({ type: 'formula', isDisplay: true })
})

test.each([
  ['that is longer than a hundred thousand characters', '# Title\n'.repeat(20_000)],
  ['whose quotes nest deeper than the stack', '> '.repeat(20_000)],
])('a text %s is shown as it is written', (_, source) => {
  expect(lexMarkdown(source)).toEqual([{ type: 'code', raw: source, text: source }])
})

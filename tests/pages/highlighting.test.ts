import { expect, test } from '@jest/globals'
import { highlightingOf } from '../../src/pages/playground/editor/highlighting.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

/** CodeMirror has no mode for these, nor for a relative. */
const PLAIN = [
  'algol68',
  'awk',
  'bc',
  'elixir',
  'gap',
  'gprolog',
  'icon',
  'jq',
  'm4',
  'minizinc',
  'pari',
  'prolog',
  'rexx',
]
const languages = loadLanguages(`${packageRoot()}/languages`)

test.each(languages.filter(({ id }) => !PLAIN.includes(id)).map(({ id, hello }) => [id, hello.code] as const))(
  '%s is highlighted',
  async (id, code) => {
    const support = await highlightingOf(id)
    const tree = support?.language.parser.parse(code)
    const names = new Set<string>()
    tree?.iterate({ enter: ({ name }) => void names.add(name) })
    // A parser that knows the language finds more than one text.
    expect(names.size).toBeGreaterThan(2)
  },
)

test('a language that is not known is shown as it is', async () => {
  expect(await highlightingOf('nosuch')).toBeUndefined()
})

import { join } from 'node:path'
import { SCREENED_LANGUAGES } from '../../src/api/screening/lexers/lexers.ts'
import { loadRules } from '../../src/api/screening/load-rules.ts'
import { createScreening } from '../../src/api/screening/screening.ts'
import { piecesWithoutComments, withoutComments } from '../../src/shared/without-comments.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type Marks, RULED_LANGUAGES } from '../../src/shared/syntax.ts'

const languages = loadLanguages(join(packageRoot(), 'languages'))
const screening = createScreening(loadRules(packageRoot()), languages)
const rulesFor = (language: string, text: string) =>
  screening
    .screen({ texts: [{ pointer: '/code', language, text }], dependencies: [] }, 'standard')
    .map(({ rule, severity }) => `${severity} ${rule}`)

const marked = languages.flatMap(({ id, syntax }) => (syntax && !('like' in syntax) ? [{ id, syntax }] : []))
const pair = (one: string | [string, string]) => (typeof one === 'string' ? ([one, one] as const) : one)

test('every language has its syntax, or rules of its own', () => {
  expect([...RULED_LANGUAGES]).toEqual(SCREENED_LANGUAGES)
  for (const { id, syntax } of languages) {
    const ruled = RULED_LANGUAGES.some((name) => name === id)
    expect({ id, known: ruled || syntax !== undefined }).toEqual({ id, known: true })
  }
})

test.each(marked)('in $id, what destroys is found in strings and not in comments', ({ id, syntax }) => {
  for (const one of syntax.comments) {
    const mark = typeof one === 'string' ? [one.replace(/^\^(?=.)/, ''), '\n'] : one
    expect({ mark, found: rulesFor(id, `x\n${mark[0]} rm -rf / ${mark[1]}`) }).toEqual({ mark, found: [] })
  }
  for (const one of syntax.strings) {
    const [open, close] = pair(one)
    // To the rules, what stands in brackets is an argument of a shell's test.
    if (open.startsWith('[')) continue
    expect(rulesFor(id, `x\n${open} rm -rf / ${close}\n`)).toEqual(['block destructive-remove'])
  }
})

test('a dialect is judged by the rules of its language', () => {
  expect(rulesFor('zsh', ':(){ :|:& };:')).toContain('block fork-bomb-shell')
  expect(rulesFor('zsh', '# rm -rf /')).toEqual([])
})

const C: Marks = { comments: ['//', ['/*', '*/']], strings: ['"', ['"""', '"""']] }
const HASH: Marks = { comments: ['#'], strings: ["'"], escapes: false }
const ML: Marks = { comments: [['(*', '*)']], strings: [['"', '"']], nested: true }

test.each<[string, Marks, string, string]>([
  ['a comment of a line', C, 'a // b\nc', 'a     \nc'],
  ['a comment of several lines', C, 'a /* b\nc */ d', 'a     \n     d'],
  ['a mark in a string', C, 'a "//" b // c', 'a "//" b     '],
  ['a mark after an escaped quote', C, String.raw`"\"//" // c`, String.raw`"\"//"     `],
  ['a string that its line ends', C, '"a // b\n// c', '"a // b\n    '],
  ['a string of several lines', C, '"""a\n// b""" // c', '"""a\n// b"""     '],
  ['a comment that nothing ends', C, 'a /* b', 'a     '],
  ['a hash within a word', HASH, "a#b 'c' # d", "a#b 'c'    "],
  ['a backslash that escapes nothing', HASH, String.raw`'\' # d`, String.raw`'\'    `],
  ['comments in comments', ML, '(* a (* b *) c *) d', '                  d'],
  ['a mark for the first text of a line', { comments: ['^#'], strings: [] }, 'a # b\n  # c', 'a # b\n     '],
])('%s', (_, syntax, text, expected) => {
  expect(withoutComments(text, syntax)).toBe(expected)
})

test('a long text of marks takes time in step with its length', () => {
  const first: Marks = { comments: ['^#'], strings: [] }
  const cases: [Marks, string][] = [
    [ML, '(* '],
    [C, '/*'],
    [C, '"'],
    [first, ' #'],
  ]
  for (const [syntax, piece] of cases) {
    const text = piece.repeat(200_000)
    expect(withoutComments(text, syntax)).toHaveLength(text.length)
  }
})

test('long texts come in short pieces', () => {
  const marks = { comments: ['#', ['/*', '*/']], strings: ['"'] } satisfies Parameters<typeof withoutComments>[1]
  const text = `${'x = 1;\n'.repeat(3000)}/*${'\n comment'.repeat(3000)}*/ "# no comment" # one`
  const pieces = [...piecesWithoutComments(text, marks)]
  expect(pieces.every(({ length }) => length <= 4096)).toBe(true)
  expect(pieces.join('')).toBe(`${'x = 1;\n'.repeat(3000)}  ${'\n        '.repeat(3000)}   "# no comment"      `)
})

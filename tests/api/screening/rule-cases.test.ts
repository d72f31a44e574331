import { expect, test } from '@jest/globals'
import { SCREENED_LANGUAGES } from '../../../src/api/screening/lexers/lexers.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { createScreening } from '../../../src/api/screening/screening.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { RULE_CASES } from './rule-cases.ts'

const { rules } = loadRules(packageRoot())
const screening = createScreening(loadRules(packageRoot()))

const cases = Object.entries(RULE_CASES).flatMap(([rule, rows]) =>
  rows.flatMap(({ languages, inStrings = false, ...texts }) =>
    languages.map((language) => ({ rule, language, inStrings, ...texts })),
  ),
)

/** Those of the texts that the rule finds something in. */
function found(rule: string, language: string, texts: string[]): string[] {
  return texts.filter((text) => {
    const subject = { texts: [{ pointer: '/code', language, text }], dependencies: [] }
    return screening.screen(subject, 'strict').some((finding) => finding.rule === rule)
  })
}

const hashComments = ['bash', 'python', 'ruby']

/** The text as comments of a language, a line or a block each. */
function commented(language: string, text: string): string[] {
  const lines = (mark: string) => text.split('\n').map((line) => `${mark} ${line}`)
  if (hashComments.includes(language)) {
    return [lines('#').join('\n'), ...(language === 'ruby' ? [`=begin\n${text}\n=end`] : [])]
  }
  return [lines('//').join('\n'), `/* ${text} */`]
}

/** A statement with the text in a string literal of a language. */
function quoted(language: string, text: string): string[] {
  const single = (escape: string) => `'${text.replaceAll("'", escape)}'`
  if (language === 'bash') return [`echo ${single(`'\\''`)}`]
  if (language === 'ruby') return [`puts ${single(String.raw`\'`)}`]
  const double = JSON.stringify(text)
  if (language === 'python') return [`x = ${double}`, `x = r'''${text}'''`]
  if (language === 'go') return text.includes('`') ? [`x = ${double}`] : [`x = ${double}`, `x = \`${text}\``]
  if (language === 'cpp') return [`x = ${double};`, `x = R"raw(${text})raw";`]
  if (language === 'rust') return [`let x = ${double};`, `let x = r##"${text}"##;`]
  return [`x = ${double};`]
}

test('every rule has cases, in each language that it names', () => {
  expect(Object.keys(RULE_CASES).toSorted()).toEqual(rules.map(({ id }) => id).toSorted())
  for (const { id, languages } of rules) {
    const covered = cases.filter(({ rule }) => rule === id)
    for (const { found: hits, spared } of covered) {
      expect([id, hits.length > 0 && spared.length > 0]).toEqual([id, true])
    }
    const missing =
      languages === 'any' ? [] : languages.filter((name) => !covered.some(({ language }) => language === name))
    expect([id, covered.length > 0, missing]).toEqual([id, true, []])
  }
  expect(cases.filter(({ language }) => !SCREENED_LANGUAGES.some((name) => name === language))).toEqual([])
})

test.each(cases)('$rule is found in $language where it should be', ({ rule, language, found: texts }) => {
  expect(found(rule, language, texts)).toEqual(texts)
})

test.each(cases)('$rule in $language spares what only looks like it', ({ rule, language, spared }) => {
  expect(found(rule, language, spared)).toEqual([])
})

test.each(cases)('$rule is not found in comments of $language', ({ rule, language, found: texts }) => {
  expect(
    found(
      rule,
      language,
      texts.flatMap((text) => commented(language, text)),
    ),
  ).toEqual([])
})

test.each(cases)(
  '$rule is found in strings of $language: $inStrings',
  ({ rule, language, found: texts, inStrings }) => {
    const literals = texts.flatMap((text) => quoted(language, text))
    expect(found(rule, language, literals)).toEqual(inStrings ? literals : [])
  },
)

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { SCREENED_LANGUAGES } from '../../../src/api/screening/lexers/lexers.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { createScreening } from '../../../src/api/screening/screening.ts'
import { subjectOf } from '../../../src/api/screening/subject.ts'
import { loadLanguages } from '../../../src/shared/language.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import type { ScreeningPolicy } from '../../../src/shared/screening-policy.ts'

const root = packageRoot()
const rules = loadRules(root)
const screening = createScreening(rules, loadLanguages(join(root, 'languages')))
const languages = SCREENED_LANGUAGES

function entries(kind: 'hostile' | 'ordinary' | 'everyday') {
  return languages.flatMap((language) => {
    const folder = join(root, 'tests/api/screening/corpus', kind, language)
    return readdirSync(folder).map((name) => ({ language, name, text: readFileSync(join(folder, name), 'utf8') }))
  })
}

function screen(language: string | undefined, text: string, policy: ScreeningPolicy = 'strict') {
  return screening.screen({ texts: [{ pointer: '/code', language, text }], dependencies: [] }, policy)
}

/** The first line of a hostile program names the rule that must find it. */
const hostile = entries('hostile').map(({ language, name, text }) => {
  const [first = '', ...lines] = text.split('\n')
  return { language, name, rule: first.replace('expect: ', ''), text: lines.join('\n') }
})
const ordinary = entries('ordinary')
/** What courses, tools and agents write: they start programs, serve on loopback, evaluate input and speak of what is dangerous. */
const everyday = entries('everyday')

/** What `standard` blocks too: rules that are not about the ways of one language. */
const isGeneral = (rule: string) => rules.rules.find(({ id }) => id === rule)?.scope === 'general'

test('the corpus has at least 60 hostile and 200 ordinary programs, of every language', () => {
  expect(hostile.length).toBeGreaterThanOrEqual(60)
  expect(ordinary.length).toBeGreaterThanOrEqual(200)
  for (const language of languages) {
    expect(hostile.filter((entry) => entry.language === language).length).toBeGreaterThanOrEqual(4)
    expect(ordinary.filter((entry) => entry.language === language).length).toBeGreaterThanOrEqual(15)
  }
})

test.each(hostile)('$language $name is blocked by $rule', ({ language, rule, text }) => {
  const blocking = screen(language, text).filter(({ severity }) => severity === 'block')
  expect(blocking.map((finding) => finding.rule)).toContain(rule)
})

test.each(hostile.filter(({ rule }) => isGeneral(rule)))(
  '$language $name is blocked by $rule under standard too',
  ({ language, rule, text }) => {
    const blocking = screen(language, text, 'standard').filter(({ severity }) => severity === 'block')
    expect(blocking.map((finding) => finding.rule)).toContain(rule)
  },
)

test('the corpus has at least 60 everyday programs, of every language', () => {
  expect(everyday.length).toBeGreaterThanOrEqual(60)
  for (const language of languages) {
    expect(everyday.filter((entry) => entry.language === language).length).toBeGreaterThanOrEqual(6)
  }
})

test.each(everyday)('everyday $language $name is not refused under standard', ({ language, text }) => {
  expect(screen(language, text, 'standard').filter(({ severity }) => severity === 'block')).toEqual([])
})

test('at most 1 % of the ordinary programs are blocked under strict, and none under standard', () => {
  const blocked = (policy: ScreeningPolicy) =>
    ordinary
      .filter(({ language, text }) => screening.isBlocked(screen(language, text, policy)))
      .map(({ language, name }) => `${language}/${name}`)
  expect(blocked('standard')).toEqual([])
  expect(blocked('strict').length).toBeLessThanOrEqual(ordinary.length / 100)
})

test('the greeting of every language is free of findings', () => {
  for (const { id, hello } of loadLanguages(join(root, 'languages'))) expect(screen(id, hello.code)).toEqual([])
})

test('of the test programs only fork bombs, those that start programs and one that tries ports are blocked', () => {
  const folder = join(root, 'tests', 'programs')
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  const blocked = files
    .map(({ name }) => name)
    .filter((name) => {
      const files = [{ path: name, content: readFileSync(join(folder, name), 'utf8') }]
      return screening.isBlocked(screening.screen(subjectOf({ language: undefined, files }), 'strict'))
    })
  expect(blocked).toEqual([
    'become-root.py',
    'connect-anywhere.py',
    'fork-bomb.py',
    'fork-bomb.sh',
    'keep-respawning.py',
    'much-from-children.js',
    'print-in-parts.py',
  ])
})

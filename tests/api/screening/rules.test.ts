import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { DEPENDENCY_KEYWORD, DEPENDENCY_TYPOSQUAT, suspiciousName } from '../../../src/api/screening/dependencies.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { createScreening, TOO_MUCH_TO_SCREEN } from '../../../src/api/screening/screening.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'

const root = packageRoot()
const rules = loadRules(root)
const folder = mkdtempSync(join(tmpdir(), 'screening-'))
afterAll(() => rmSync(folder, { recursive: true }))

function operatorFile(content: unknown): string {
  const file = join(folder, 'own.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

const rule = (changes: object) => ({
  id: 'own-rule',
  languages: ['python'],
  severity: 'block',
  scope: 'language',
  reason: 'because',
  match: { code: ['import turtle'] },
  ...changes,
})

test("an operator's rule is held beside the others", () => {
  const screening = createScreening(loadRules(root, operatorFile({ rules: [rule({})] })))
  const texts = [{ pointer: '/code', language: 'python', text: 'import turtle\nimport os\nos.system("ls")' }]
  const found = screening.screen({ texts, dependencies: [] }, 'strict').map((finding) => finding.rule)
  expect(found).toEqual(['own-rule', 'python-os-system'])
})

test.each([
  { title: 'no JSON', content: '{', says: /own\.json: / },
  {
    title: 'an unknown language',
    content: { rules: [rule({ languages: ['intercal'] })] },
    says: /"own-rule".*"intercal".*bash/,
  },
  { title: 'an unknown severity', content: { rules: [rule({ severity: 'no' })] }, says: /"own-rule".*severity/ },
  { title: 'an unknown field', content: { rules: [rule({ regex: 'x' })] }, says: /own\.json.*"own-rule"/ },
  { title: 'an empty match', content: { rules: [rule({ match: {} })] }, says: /"own-rule".*match/ },
  {
    title: 'a pattern without a word',
    content: { rules: [rule({ match: { code: ['( )'] } })] },
    says: /"own-rule".*"\( \)".*no word/,
  },
  {
    title: 'a pattern with an unknown step',
    content: { rules: [rule({ match: { code: ['x <sky>'] } })] },
    says: /<sky>.*known are <str>/,
  },
  {
    title: 'an id used twice',
    content: { rules: [rule({}), rule({})] },
    says: /"own-rule" has an id that .*own\.json/,
  },
  { title: 'an id of ours', content: { rules: [rule({ id: 'python-eval' })] }, says: /"python-eval".*python\.json/ },
  { title: 'a reserved id', content: { rules: [rule({ id: DEPENDENCY_KEYWORD })] }, says: /reserved/ },
  { title: 'a runner of no language', content: { runners: { intercal: ['CALL'] } }, says: /runners.*"intercal"/ },
])('a file with $title is refused by name', ({ content, says }) => {
  expect(() => loadRules(root, operatorFile(content))).toThrow(says)
})

test('a file that is not there is refused by name', () => {
  expect(() => loadRules(root, join(folder, 'none.json'))).toThrow(/none\.json/)
})

test('the documentation has a row for every rule, and none for others', () => {
  const doc = readFileSync(join(root, 'docs', 'screening.md'), 'utf8')
  const rows = [
    ...doc.matchAll(/^\| `([a-z0-9-]+)` *\| ([^|]+?) *\| (block|warn) *\| (general|language) *\| (.+?) *\|$/gm),
  ]
  const ids = rows.map(([, id]) => id ?? '')
  const known = rules.rules.map(({ id }) => id)
  const built = [DEPENDENCY_KEYWORD, DEPENDENCY_TYPOSQUAT, TOO_MUCH_TO_SCREEN]
  expect(new Set(ids)).toEqual(new Set([...known, ...built]))
  expect(ids).toHaveLength(known.length + built.length)
  for (const { id, severity, scope, reason } of rules.rules) {
    expect(rows.find((row) => row[1] === id)?.slice(3)).toEqual([severity, scope, reason])
  }
})

test.each([
  { language: 'python', name: 'reqeusts' },
  { language: 'python', name: 'requestss' },
  { language: 'python', name: 'djago' },
  { language: 'python', name: 'pythondateutil' },
  { language: 'javascript', name: 'crossenv' },
  { language: 'javascript', name: 'lodahs@4.0.0' },
  { language: 'typescript', name: 'expres' },
  { language: 'ruby', name: 'nokogirii' },
  { language: 'rust', name: 'serde-jsom' },
  { language: 'go', name: 'github.com/gin-gonlc/gin' },
])('$name imitates a popular package of $language', ({ language, name }) => {
  expect(suspiciousName(rules.dependencies, language, name)?.rule).toBe(DEPENDENCY_TYPOSQUAT)
})

test.each([
  { language: 'python', name: 'coin-miner' },
  { language: 'javascript', name: '@x/keylogger' },
  { language: 'bash', name: 'discord_stealer' },
])('$name is suspicious for a word in it', ({ language, name }) => {
  expect(suspiciousName(rules.dependencies, language, name)?.rule).toBe(DEPENDENCY_KEYWORD)
})

test.each([
  { language: 'python', name: 'requests' },
  { language: 'python', name: 'Requests==2.31.0' },
  { language: 'python', name: 'python_dateutil' },
  { language: 'python', name: 'determiner' },
  { language: 'javascript', name: 'preact' },
  { language: 'javascript', name: 'left-pad' },
  { language: 'rust', name: 'serde-json' },
  { language: 'c', name: 'reqeusts' },
  { language: '__proto__', name: 'requests' },
  { language: 'python', name: '' },
])('$name for $language is not suspicious', ({ language, name }) => {
  expect(suspiciousName(rules.dependencies, language, name)).toBeUndefined()
})

test('every popular package is free of suspicion, whatever its neighbours', () => {
  for (const [language, { popular, genuine }] of Object.entries(rules.dependencies.packages)) {
    for (const name of [...popular, ...genuine])
      expect(suspiciousName(rules.dependencies, language, name)).toBeUndefined()
  }
})

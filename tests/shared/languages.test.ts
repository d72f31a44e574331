import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findLanguage, type FormerField, loadLanguages } from '../../src/shared/language.ts'
import { effectiveLimits, limitsAboveCeiling, DEFAULT_CEILINGS, DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const root = packageRoot()
const languages = loadLanguages(join(root, 'languages'))

test('the default languages are python, javascript and bash', () => {
  const defaults = languages.filter((language) => language.default).map(({ id }) => id)
  expect(defaults).toEqual(['bash', 'javascript', 'python'])
})

test('every name finds its language, in any letter case', () => {
  for (const language of languages) {
    for (const name of [language.id, ...language.aliases]) {
      expect(findLanguage(languages, name.toUpperCase())?.id).toBe(language.id)
    }
  }
})

test('a Judge0 id and a Piston name belong to one language', () => {
  const ids = languages.flatMap((language) => language.judge0Ids)
  const names = languages.flatMap((language) => language.pistonNames)
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(names).size).toBe(names.length)
})

describe('a field by its former name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-languages-'))
  const file = join(folder, 'bash', 'language.json')
  const { prewarm, ...bash } = languages.find(({ id }) => id === 'bash')!
  const define = (fields: object) => {
    mkdirSync(join(folder, 'bash'), { recursive: true })
    writeFileSync(file, JSON.stringify({ ...bash, ...fields }))
  }
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is read as the one of today, and told', () => {
    const found: FormerField[] = []
    define({ armed: prewarm })
    expect(loadLanguages(folder, (field) => found.push(field))).toEqual([{ ...bash, prewarm }])
    expect(found).toEqual([{ file, former: 'armed', name: 'prewarm' }])
    define({ prewarm })
    expect(loadLanguages(folder, (field) => found.push(field))).toEqual([{ ...bash, prewarm }])
    expect(found).toHaveLength(1)
  })

  test('is refused beside the one of today', () => {
    define({ armed: prewarm, prewarm })
    expect(() => loadLanguages(folder)).toThrow(`${file}: "armed" is the former name of "prewarm"; remove it`)
  })
})

describe.each(languages)('$id', (language) => {
  test('has a Containerfile on the base image', () => {
    const file = join(root, 'languages', language.id, 'Containerfile')
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8')).toMatch(/^ARG BASE\nFROM \$\{BASE\}$/m)
  })

  test('needs no more than the default ceilings', () => {
    expect(limitsAboveCeiling(language.limits, DEFAULT_CEILINGS)).toEqual([])
    expect(effectiveLimits({}, language.limits, DEFAULT_LIMITS, DEFAULT_CEILINGS)).toMatchObject(language.limits)
  })

  test('says hello, and says where its programs are', () => {
    expect(language.hello.stdout).toBe('Hello, world!\n')
    expect(language.hello.code).toMatch(/Hello, world!/)
    expect(language.env['PATH']).toContain('/usr/bin')
    expect(language.env['LANG']).toBe('C.UTF-8')
  })

  test('names a file or a program it made in its run command', () => {
    const { argv } = language.run
    expect(argv.some((word) => word.includes('{entrypoint}') || word.startsWith('./'))).toBe(true)
    expect(language.compile !== undefined || argv.includes('{entrypoint}')).toBe(true)
  })
})

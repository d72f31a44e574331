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

test('another version of a language is named after it, and names it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-versions-'))
  try {
    const define = (id: string, fields: object = {}) => {
      mkdirSync(join(folder, id), { recursive: true })
      const bash = languages.find((one) => one.id === 'bash')!
      writeFileSync(join(folder, id, 'language.json'), JSON.stringify({ ...bash, id, aliases: [], ...fields }))
    }
    define('sh')
    define('sh-5', { versionOf: 'sh' })
    expect(loadLanguages(folder).map((language) => [language.id, language.versionOf])).toEqual([
      ['sh', undefined],
      ['sh-5', 'sh'],
    ])
    define('sh-5', { versionOf: 'zsh' })
    expect(() => loadLanguages(folder)).toThrow('/versionOf of sh-5 is "zsh", which is no language')
    define('sh-5', { versionOf: 'sh-5' })
    expect(() => loadLanguages(folder)).toThrow('or a version itself')
    define('sh-5')
    define('old', { versionOf: 'sh' })
    expect(() => loadLanguages(folder)).toThrow('the id of old, a version of sh, must be sh-NUMBER')
  } finally {
    rmSync(folder, { recursive: true })
  }
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
    // In Brainfuck the comma is an instruction, and the text stands in a loop that is not run.
    expect(language.hello.code).toMatch(language.id === 'brainfuck' ? /Hello, world/ : /Hello, world!/)
    expect(language.env['PATH']).toContain('/usr/bin')
    expect(language.env['LANG']).toBe('C.UTF-8')
  })

  test('names a file or a program it made in its run command', () => {
    const { argv } = language.run
    expect(argv.some((word) => word.includes('{entrypoint}') || word.startsWith('./'))).toBe(true)
    expect(language.compile !== undefined || argv.includes('{entrypoint}')).toBe(true)
  })
})

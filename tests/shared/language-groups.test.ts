import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadCatalogue, selectLanguages } from '../../src/cli/catalogue.ts'
import { formatSpace } from '../../src/shared/format-space.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { loadGroups, loadSizes, spaceNeeded } from '../../src/shared/language-groups.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const root = packageRoot()
const folder = join(root, 'languages')
const languages = loadLanguages(folder)
const ids = languages.map(({ id }) => id)
const written = JSON.parse(readFileSync(join(folder, 'groups.json'), 'utf8')) as {
  groups: { id: string; languages: string[] }[]
}

test('each member of a group is a language, once', () => {
  for (const group of written.groups) {
    expect([group.id, group.languages.filter((id) => !ids.includes(id))]).toEqual([group.id, []])
    expect(new Set(group.languages).size).toBe(group.languages.length)
  }
})

test('each language is in a group beside all and judge0', () => {
  const grouped = new Set(written.groups.flatMap((group) => group.languages))
  expect(ids.filter((id) => !grouped.has(id))).toEqual([])
})

test('the size of each language is recorded, and of nothing else', () => {
  expect([...loadSizes(folder).keys()].toSorted()).toEqual(['base', ...ids].toSorted())
})

test('judge0 and all follow from the languages', () => {
  const groups = loadGroups(folder, languages)
  expect(groups.map(({ id }) => id)).toEqual(expect.arrayContaining(['web', 'jvm', 'functional', 'systems', 'judge0']))
  expect(groups.find(({ id }) => id === 'all')?.languages).toEqual(ids)
  const judge0 = groups.find(({ id }) => id === 'judge0')?.languages
  expect(judge0).toContain('java')
  expect(judge0).not.toContain('zsh')
})

test('a group is chosen by its id, beside languages, and each language once', () => {
  const catalogue = loadCatalogue(root)
  const chosen = selectLanguages(catalogue, ['JVM', 'py', 'java', 'python']).map(({ id }) => id)
  expect(chosen).toEqual([...(catalogue.groups.find(({ id }) => id === 'jvm')?.languages ?? []), 'python'])
  expect(selectLanguages(catalogue, ['all'])).toEqual(languages)
  expect(() => selectLanguages(catalogue, ['jmv'])).toThrow(
    /unknown language "jmv"; known languages: .*; groups: web, .*; did you mean jvm\?/,
  )
})

test('the space that an installation takes counts the base once, and names what was not measured', () => {
  const sizes = new Map([
    ['base', 90e6],
    ['a', 10e6],
    ['b', 1.5e6],
  ])
  expect(spaceNeeded(sizes, ['a', 'b', 'c'], false)).toEqual({ bytes: 101.5e6, unknown: ['c'] })
  expect(spaceNeeded(sizes, ['a'], true)).toEqual({ bytes: 10e6, unknown: [] })
  expect(spaceNeeded(sizes, [], false)).toEqual({ bytes: 0, unknown: [] })
  expect([300, 1.4e6, 999e6, 1.26e9].map(formatSpace)).toEqual(['1 MB', '1 MB', '999 MB', '1.3 GB'])
})

describe('what is written wrongly', () => {
  const own = mkdtempSync(join(tmpdir(), 'runyard-groups-'))
  afterAll(() => rmSync(own, { recursive: true }))
  const define = (file: string, value: unknown) => writeFileSync(join(own, file), JSON.stringify(value))

  test('is refused with the file and the field, and nothing written is no group', () => {
    expect(loadGroups(own, []).map(({ id }) => id)).toEqual([])
    expect(loadSizes(own).size).toBe(0)
    define('groups.json', { groups: [{ id: 'web', languages: ['python'] }] })
    expect(() => loadGroups(own, languages)).toThrow(/groups\.json: \/groups\/0 .*name/)
    define('sizes.json', { python: -1 })
    expect(() => loadSizes(own)).toThrow(/sizes\.json: \/python /)
  })

  test('a group that has the name of a language or of another group is refused', () => {
    for (const id of ['py', 'judge0']) {
      define('groups.json', { groups: [{ id, name: 'X', languages: ['python'] }] })
      expect(() => loadGroups(own, languages)).toThrow(
        `the group "${id}" has the name of a language or of another group`,
      )
    }
  })

  test('a member that is not defined here is left out, and so is a group without members', () => {
    define('groups.json', {
      groups: [
        { id: 'some', name: 'X', languages: ['nosuch', 'python'] },
        { id: 'none', name: 'Y', languages: ['nosuch'] },
      ],
    })
    expect(loadGroups(own, languages).map((group) => [group.id, group.languages.length])).toEqual([
      ['some', 1],
      ['judge0', expect.any(Number)],
      ['all', languages.length],
    ])
  })
})

import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { installedVersion, versionMeeting } from '../../../src/api/runtimes/installed.ts'
import { type Language, loadLanguages, versionsOf } from '../../../src/shared/language.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { Problem } from '../../../src/shared/problems.ts'

const known = loadLanguages(join(packageRoot(), 'languages'))
const find = (id: string): Language => {
  const language = known.find((one) => one.id === id)
  if (!language) throw new Error(`no language ${id}`)
  return language
}
/** A language with three versions. */
const lua = find('lua')
const of = (id: string): Language => ({ ...lua, id, name: `Lua ${id.slice(4)}`, aliases: [], versionOf: 'lua' })
const languages = [lua, of('lua-5.1'), of('lua-5.3'), find('python')]
const runtimes = (versions: Record<string, string>) => ({ languages: versions, images: [] })
const all = runtimes({ lua: '5.4.7', 'lua-5.1': '5.1.5', 'lua-5.3': '5.3.6' })

function refusal(work: () => unknown): [code: string, detail: string | undefined] {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return [error.code, error.errors?.[0]?.detail]
    throw error
  }
  throw new Error('it was not refused')
}

test.each([
  [undefined, 'lua'],
  ['5.x', 'lua'],
  ['<5.4', 'lua-5.3'],
  ['5.1', 'lua-5.1'],
  ['~5.3.2', 'lua-5.3'],
  ['4', 'lua'],
  ['no range', 'lua'],
])('a job that asks for version %s runs in the newest that fits: %s', (range, id) => {
  expect(versionMeeting(all, languages, lua, range).id).toBe(id)
})

test('only installed versions are taken', () => {
  const some = runtimes({ 'lua-5.1': '5.1.5' })
  expect(versionMeeting(some, languages, lua, '5.x').id).toBe('lua-5.1')
  expect(installedVersion(some, languages, of('lua-5.1'), '5.x')).toBe('5.1.5')
})

test('a range that no version meets names those that are installed, and what to type for the others', () => {
  const some = runtimes({ lua: '5.4.7', 'lua-5.1': '5.1.5' })
  expect(refusal(() => installedVersion(some, languages, lua, '5.3'))).toEqual([
    'invalid-request',
    '"5.3" is not met; installed is Lua 5.4.7, Lua 5.1 5.1.5; the operator can install: npx runyard languages install lua-5.3',
  ])
  expect(refusal(() => installedVersion(all, languages, lua, 'x y'))[1]).toBe('"x y" is not a semver range')
})

test('a language of which nothing is installed says what to type', () => {
  for (const range of [undefined, '5.4']) {
    expect(refusal(() => installedVersion(runtimes({}), languages, lua, range))).toEqual([
      'language-not-installed',
      'Lua is not installed; the operator can install it with: npx runyard languages install lua',
    ])
  }
  const [code] = refusal(() => installedVersion(runtimes({ 'lua-5.1': '5.1.5' }), languages, lua, undefined))
  expect(code).toBe('language-not-installed')
})

test('the versions of a language are those that say so', () => {
  expect(versionsOf(known, find('java')).map(({ id }) => id)).toEqual(['java', 'java-21'])
  expect(versionsOf(known, find('java-21')).map(({ id }) => id)).toEqual(['java-21'])
})

import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { findLanguage, loadLanguages } from '../../src/shared/language.ts'
import { loadWaitingMemory } from '../../src/shared/language-groups.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { PrewarmProgram } from '../../src/worker/sandbox/prewarmed.ts'
import { withEnvironment } from '../../src/worker/sandbox/sandbox-image.ts'
import { waitingMemory } from '../../src/worker/sandbox/waiting-memory.ts'

const folder = join(packageRoot(), 'languages')
const languages = loadLanguages(folder)
const waitingBytes = waitingMemory(
  folder,
  (image) => findLanguage(languages, image),
  (image) => (findLanguage(languages, image)?.prewarm ? ({} as PrewarmProgram) : undefined),
)

test('an interpreter that waits holds what was measured of its language, also beside packages', () => {
  expect(waitingBytes('java')).toBe(loadWaitingMemory(folder).get('java'))
  expect(waitingBytes('java')).toBeGreaterThan(100e6)
  expect(waitingBytes(withEnvironment('java', { key: 'a'.repeat(64), tree: '1' }))).toBe(waitingBytes('java'))
})

test('one that has imported modules holds these too, where one can wait', () => {
  const environment = { key: 'a'.repeat(64), tree: '1' }
  const bare = waitingBytes(withEnvironment('python', environment))
  expect(waitingBytes(withEnvironment('python', environment, ['numpy', 'pandas']))).toBe(bare + 160e6)
  expect(waitingBytes(withEnvironment('c', environment, ['numpy']))).toBe(0)
})

test('where none waits it holds nothing, and what was not measured counts as much', () => {
  expect(waitingBytes('c')).toBe(0)
  expect(waitingBytes('an-image-of-the-operator')).toBe(0)
  const own = { ...languages[0]!, id: 'own', prewarm: { unless: [] } }
  expect(
    waitingMemory(
      folder,
      () => own,
      () => ({}) as PrewarmProgram,
    )('own'),
  ).toBe(64e6)
})

test('versions of a language count as much as the language where they were not measured', () => {
  const measured = loadWaitingMemory(folder)
  const family = (id: string) => languages.filter((one) => one.prewarm && (one.id === id || one.versionOf === id))
  for (const { id } of languages) {
    const known = family(id).map((one) => measured.has(one.id))
    expect(known).toEqual(known.map(() => known.includes(true)))
  }
  expect(measured.get('java-21')).toBe(measured.get('java'))
})

test('what was measured is of languages in which one waits', () => {
  const prewarmed = languages.filter(({ prewarm }) => prewarm).map(({ id }) => id)
  expect([...loadWaitingMemory(folder).keys()].filter((id) => !prewarmed.includes(id))).toEqual([])
})

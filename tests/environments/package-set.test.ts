import { expect, test } from '@jest/globals'
import { createEnvironmentRequests } from '../../src/api/environments/environment-requests.ts'
import { MANIFESTS } from '../../src/api/environments/manifest.ts'
import { packageSet } from '../../src/api/environments/package-set.ts'
import type { Caller } from '../../src/api/http/caller.ts'
import type { Config } from '../../src/shared/config/config.ts'
import type {
  EnvironmentQueue,
  EnvironmentRecords,
  NewEnvironment,
} from '../../src/shared/environments/environment-records.ts'
import { installingLanguage, loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)
const own = (id: string) => {
  const found = languages.find((language) => language.id === id)
  if (!found) throw new Error(`no language ${id}`)
  return found
}

test('every set of every language names packages as its installer takes them', () => {
  const sets = languages.flatMap((language) =>
    Object.keys(language.packageSets ?? {}).map((set) => ({ language, set })),
  )
  expect(sets.map(({ language, set }) => `${language.id}/${set}`)).toEqual(
    expect.arrayContaining(['python/data', 'javascript/web']),
  )
  for (const { language, set } of sets) {
    const { requirements } = packageSet(language, `${language.id}/${set}`, '/set').manifest
    const { requirementFault } = MANIFESTS[language.environments?.ecosystem ?? 'pypi']
    expect(requirements.map((text) => requirementFault(text)).filter(Boolean)).toEqual([])
  }
})

test('a set of another language, or that nobody defines, is refused with those that are there', () => {
  for (const name of ['python/other', 'javascript/web', 'python/toString', 'python/data/1', 'python/data/'])
    expect(() => packageSet(own('python'), name, '/set')).toThrow('those of Python are python/data')
  expect(() => packageSet(own('bash'), 'bash/data', '/set')).toThrow('has none')
})

test('the packages of TypeScript are those of JavaScript', () => {
  expect(installingLanguage(languages, own('typescript')).id).toBe('javascript')
  expect(installingLanguage(languages, own('python')).id).toBe('python')
})

test('an allow-list need not name what is in a set, and a set keeps its versions for longer', async () => {
  const asked: NewEnvironment[] = []
  const records = {
    bans: () => Promise.resolve([]),
    request(wanted: NewEnvironment) {
      asked.push(wanted)
      return Promise.resolve({ id: 'x', isDecided: true })
    },
  } as unknown as EnvironmentRecords
  const packages = { policy: 'allow-list', allowed: ['numpy'], minAgeMs: 0 } as unknown as Config['packages']
  const requests = createEnvironmentRequests({ packages }, records, {} as EnvironmentQueue)
  const python = own('python')
  const runtimes = { languages: { python: '3.13.5' }, images: [], packages: ['python'] }
  const caller = { tenant: 'a', keyId: null, address: '' } as unknown as Caller
  const { manifest, name } = packageSet(python, 'python/data', '/set')
  await requests.request(python, runtimes, manifest, caller, name)
  await expect(requests.request(python, runtimes, manifest, caller)).rejects.toMatchObject({
    code: 'package-not-allowed',
  })
  await requests.request(python, runtimes, MANIFESTS.pypi.fromRequirements(['numpy']), caller)
  expect(asked.map(({ isSet }) => isSet)).toEqual([true, false])
  expect(new Set(asked.map(({ hash }) => hash)).size).toBe(2)
})

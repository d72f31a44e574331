import { expect, test } from '@jest/globals'
import { environmentTemplate } from '../../src/api/compat/e2b/environment-templates.ts'
import type { Caller } from '../../src/api/http/caller.ts'
import type { Environment, EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { Problem } from '../../src/shared/problems.ts'

const ID = '0193f0a4-9c5e-7b21-8f0a-2d4c6b8e1f3a'

/** A tenant with one environment, whose states come one after another with each look. */
function tenant(states: Environment['state'][]) {
  const asked: unknown[] = []
  const view = () => ({
    id: ID,
    language: 'python',
    state: states.length > 1 ? states.shift() : states[0],
    error: null,
  })
  const record = async () => ({ view: view() }) as EnvironmentRecord
  type Needs = Parameters<typeof environmentTemplate>[0]
  const needs = {
    languages: loadLanguages(`${packageRoot()}/languages`),
    starting: {
      overview: async () => ({ runtimes: [] }),
      environments: {
        own: async (_tenant: string, id: string) => {
          if (id !== ID) throw new Problem('not-found', 'the environment does not exist')
          return record()
        },
        request: async (
          language: { id: string },
          _runtimes: unknown,
          _manifest: unknown,
          _caller: Caller,
          set: string,
        ) => {
          asked.push([language.id, set])
          return ID
        },
      },
    },
  } as unknown as Needs
  const gone = new AbortController()
  const template = (id: string) => environmentTemplate(needs, id, { tenant: 't' } as Caller, gone.signal)
  return { template, asked, gone }
}

test('a template of E2B can be an environment of the caller, by its id', async () => {
  const { template } = tenant(['ready'])
  expect(await template(ID)).toEqual({ language: 'python', environment: ID })
  await expect(template(ID.replace('3a', '3b'))).rejects.toThrow('does not exist')
  expect(await template('base')).toBeUndefined()
  expect(await template('python:3.x')).toBeUndefined()
})

test('a template of E2B can be a set of packages, which is waited for while it is built', async () => {
  const { template, asked } = tenant(['queued', 'building', 'ready'])
  expect(await template('python/data')).toEqual({ language: 'python', environment: ID })
  expect(asked).toEqual([['python', 'python/data']])
  for (const id of ['python/nonesuch', 'nonesuch/data', 'python/__proto__', '/', 'python/data/x']) {
    await expect(template(id)).rejects.toThrow(/does not exist; sets of packages are .*python\/data/)
  }
})

test('a template whose packages are not there yet is refused for now, so that its client tries again', async () => {
  const { template, gone } = tenant(['building'])
  gone.abort()
  await expect(template('python/data')).rejects.toMatchObject({ code: 'unavailable', headers: { 'Retry-After': '10' } })
})

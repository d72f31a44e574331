import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import { createEnvironmentOversight } from '../../src/shared/environments/environment-oversight.ts'
import { createEnvironmentRecords } from '../../src/shared/environments/environment-records.ts'
import { standingOf } from '../../src/client/environment-standing.ts'
import { viewOf, viewsOf } from '../../src/shared/environments/environment-views.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

const needs = () => ({
  records: createEnvironmentRecords(own.redis, own.keys),
  oversight: createEnvironmentOversight(own.redis, own.keys),
  languages: loadLanguages(`${packageRoot()}/languages`),
})
const recordOf = (state: string, language = 'python', name = 'foo') =>
  ({
    view: { id: randomUUID(), language, state, lock: 'foo==1.0', packages: [{ name, version: '1.0' }] },
  }) as EnvironmentRecord

test('one that an operator evicted is shown so, until it was installed again', async () => {
  const all = needs()
  const [evicted, same, other] = [recordOf('ready'), recordOf('ready'), recordOf('ready')]
  other.view.lock = 'bar==1.0'
  const standings = async () => (await viewsOf(all, [evicted, same, other])).map(standingOf)
  expect(await standings()).toEqual(['ready', 'ready', 'ready'])
  await all.oversight.evict(evicted)
  // What one lock installs is one on a host, whoever asked for it.
  expect(await standings()).toEqual(['evicted', 'evicted', 'ready'])
  const { evictedAt } = await viewOf(all, evicted)
  expect(Date.parse(evictedAt ?? '')).toBeGreaterThan(0)
  await all.oversight.installed('python', 'foo==1.0')
  expect(await standings()).toEqual(['ready', 'ready', 'ready'])
})

test('one with a package that is banned is shown so, in whatever spelling, until the ban is lifted', async () => {
  const all = needs()
  const [banned, failed, javascript] = [recordOf('ready'), recordOf('failed'), recordOf('ready', 'javascript')]
  const bannedAt = new Date().toISOString()
  await all.records.ban({ ecosystem: 'pypi', name: 'FOO', version: '1', reason: 'malware', bannedAt })
  const views = await viewsOf(all, [banned, failed, javascript])
  expect(views.map(({ ban }) => ban)).toEqual(['foo 1.0 is banned on this server: malware', null, null])
  expect(views.map(standingOf)).toEqual(['banned', 'failed', 'ready'])
  await all.records.unban('pypi', 'FOO', '1')
  expect((await viewOf(all, banned)).ban).toBeNull()
})

test('an older service tells of no bans and evictions', () => {
  expect(standingOf({ state: 'ready' })).toBe('ready')
})

import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import { createEnvironmentOversight, lockId } from '../../src/shared/environments/environment-oversight.ts'
import { createEnvironmentRecords } from '../../src/shared/environments/environment-records.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

const HASH = `--hash=sha256:${'1'.repeat(64)}`
/** As it was submitted before locks had a normal form. */
const WRITTEN = `Foo_Bar==2.0 ${HASH}\nfoo==1.0 ${HASH}\n`
const NORMAL = `foo==1.0 \\\n    ${HASH}\nfoo-bar==2.0 \\\n    ${HASH}\n`
const idOfText = createHash('sha256')
  .update(JSON.stringify(['python', WRITTEN]))
  .digest('hex')

function recordOf(lock: string): EnvironmentRecord {
  const view = { id: randomUUID(), language: 'python', lock, createdAt: new Date().toISOString() }
  return { view, key: 'the-key', fileId: 'the-file' } as EnvironmentRecord
}

test('an eviction names trees of before by the text of the lock, and later ones by its normal form', async () => {
  const { redis, keys } = own
  const oversight = createEnvironmentOversight(redis, keys)
  const record = recordOf(WRITTEN)
  expect(await oversight.evict(record)).toBe(true)
  const { evictions } = await oversight.evictions(0)
  expect(new Set(evictions.map(({ of }) => of))).toEqual(new Set([lockId('python', NORMAL), idOfText]))
  expect(evictions.filter(({ key, fileId }) => key === 'the-key' && fileId === 'the-file')).toHaveLength(1)
})

test('a ban evicts what has the package under any spelling of its name, however its lock is written', async () => {
  const { redis, keys } = own
  const oversight = createEnvironmentOversight(redis, keys)
  const record = recordOf(WRITTEN)
  await redis.zadd(keys.allEnvironments, 1, record.view.id)
  await redis.set(keys.environment(record.view.id), JSON.stringify(record))
  const ban = { ecosystem: 'pypi', name: 'foo-bar', version: '2.0', reason: 'test', bannedAt: '' } as const
  expect(await oversight.evictBanned(ban, () => 'pypi')).toBe(1)
  expect(await oversight.evictBanned({ ...ban, version: '3.0' }, () => 'pypi')).toBe(0)
})

const DAY_SECONDS = 24 * 3600
const asked = { language: 'python', version: '3', dependencies: ['a'], manifest: 'a\n'.repeat(1000) }

/** Asks for an environment, and has it end. */
async function ended(tenant: string, hash: string, state: 'ready' | 'failed'): Promise<string> {
  const records = createEnvironmentRecords(own.redis, own.keys)
  const made = await records.request({ ...asked, hash, origin: { tenant, keyId: null, address: '192.0.2.1' } })
  const record = (await records.read(made?.id ?? ''))!
  expect(record.manifest).toBe(asked.manifest)
  await createEnvironmentOversight(own.redis, own.keys).writeLog(record.view.id, 'said')
  record.view.state = state
  await records.update(record)
  return record.view.id
}

test('an environment that has an end keeps no manifest, and one that failed is kept for a day', async () => {
  const { redis, keys } = own
  const records = createEnvironmentRecords(redis, keys)
  const left = async (id: string) =>
    Promise.all(
      [keys.environment(id), keys.environmentLog(id), keys.environmentTenants(id), keys.events(id)].map((key) =>
        redis.ttl(key),
      ),
    )
  const failed = await ended('ends', 'failed', 'failed')
  expect((await records.read(failed))?.manifest).toBe('')
  for (const seconds of await left(failed)) {
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(DAY_SECONDS)
  }
  const ready = await ended('ends', 'ready', 'ready')
  expect((await records.read(ready))?.manifest).toBe('')
  for (const seconds of await left(ready)) expect(seconds).toBeGreaterThan(DAY_SECONDS)
})

test('of environments that failed a tenant has the last 50, and those that are gone hide no other from its list', async () => {
  const records = createEnvironmentRecords(own.redis, own.keys)
  const ready = await ended('fails', 'whole', 'ready')
  const failed: string[] = []
  for (let nth = 0; nth < 52; nth++) failed.push(await ended('fails', `broken ${nth}`, 'failed'))
  expect(await Promise.all(failed.slice(0, 3).map((id) => records.exists(id)))).toEqual([false, false, true])
  for (const id of failed.slice(2)) await own.redis.del(own.keys.environment(id))
  const listed = async (limit: number) => (await records.list('fails', limit)).map(({ view }) => view.id)
  expect(await listed(10)).toEqual([ready])
  expect(await own.redis.zrange(own.keys.tenantEnvironments('fails'), '0', '-1')).toEqual([ready])
})

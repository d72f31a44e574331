import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import { createEnvironmentOversight, lockId } from '../../src/shared/environments/environment-oversight.ts'
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

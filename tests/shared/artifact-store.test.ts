import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { artifactUrl } from '../../src/shared/artifact.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { JobSummary } from '../../src/shared/job.ts'
import { type ArtifactStore, createArtifactStore } from '../../src/shared/redis/artifact-store.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { admit, createJobRecords, endedJob, type JobRecords, RETENTION, submittedJob } from '../support/job-records.ts'
import { testRoot } from '../support/platform.ts'

const keys = createKeys(`test-${randomBytes(4).toString('hex')}`)
const TTL = 100
let redis: Redis
let records: JobRecords
let store: ArtifactStore
beforeAll(() => {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  redis = connectRedis(address, 'wait', 'test', pino({ level: 'silent' }))
  records = createJobRecords(redis, keys, { ...RETENTION, resultTtlSeconds: TTL, tenantResultsKept: 2 })
  store = createArtifactStore(redis, keys, { resultTtlSeconds: TTL })
})
afterAll(async () => {
  const left = await redis.keys(`${keys.prefix}:*`)
  if (left.length > 0) await redis.del(...left)
  redis.disconnect()
})

const ANY_BYTES = Buffer.from(Uint8Array.from({ length: 1000 }, (_, i) => i * 7))
const job = (id: string) => submittedJob(id)
const finished = (id: string): JobSummary => ({
  ...endedJob(id),
  artifacts: [{ path: 'a', bytes: 1, url: artifactUrl(id, 'a') }],
  artifactsTruncated: true,
})
async function start(id: string): Promise<void> {
  await admit(records, job(id))
  await records.start(job(id))
}
const finish = (id: string) => records.finish(finished(id), 'a', { attempt: 1 })

test('artifacts come back byte by byte, and live as long as the result', async () => {
  await start('bytes')
  await store.put('bytes', 1, [
    { path: 'a/ü', content: ANY_BYTES },
    { path: 'empty', content: Buffer.alloc(0) },
  ])
  expect(await store.get('bytes', 'a/ü')).toEqual(ANY_BYTES)
  expect(await store.get('bytes', 'empty')).toEqual(Buffer.alloc(0))
  expect(await store.get('bytes', 'other')).toBeUndefined()
  await redis.expire(keys.artifacts('bytes'), 5)
  const result = finished('bytes')
  await records.finish(result, 'a', { attempt: 1 })
  const after = (await redis.pexpiretime(keys.artifacts('bytes'))) - (await redis.pexpiretime(keys.job('bytes')))
  expect([0, 1, 2, 3, 4, 5]).toContain(after)
  // When it was accepted is known from then.
  expect((await records.read('bytes'))?.job).toEqual({ ...result, createdAt: expect.any(String) })
})

test('artifacts of an attempt that was lost are not those of the next', async () => {
  await start('again')
  await store.put('again', 1, [{ path: 'first', content: ANY_BYTES }])
  await records.requeue(job('again'), 1, 'draining')
  await records.start(job('again'))
  await store.put('again', 2, [{ path: 'second', content: ANY_BYTES }])
  await store.put('again', 1, [{ path: 'late', content: ANY_BYTES }])
  expect(await redis.hkeys(keys.artifacts('again'))).toEqual(['second'])
})

test('a job that has its result takes no artifacts, and one that is unknown takes none', async () => {
  await start('over')
  await finish('over')
  await store.put('over', 1, [{ path: 'late', content: ANY_BYTES }])
  await store.put('nosuch', 1, [{ path: 'late', content: ANY_BYTES }])
  expect(await redis.exists(keys.artifacts('over'), keys.artifacts('nosuch'))).toBe(0)
})

test('artifacts go with the record of a job that is no longer kept', async () => {
  // Ids rise as those of jobs do: what ends in the same millisecond is told apart by them.
  const ids = ['1', '2', '3']
  for (const id of ids) {
    await start(id)
    await store.put(id, 1, [{ path: 'a', content: ANY_BYTES }])
    await finish(id)
  }
  expect(await records.read('1')).toBeUndefined()
  expect(await Promise.all(ids.map((id) => redis.exists(keys.artifacts(id))))).toEqual([0, 1, 1])
})

test('the address of an artifact spells each part of its path', () => {
  expect(artifactUrl('x', 'a b/ü?#%/..c')).toBe('/v1/jobs/x/artifacts/a%20b/%C3%BC%3F%23%25/..c')
})

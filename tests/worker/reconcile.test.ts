import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { JobSpec } from '../../src/shared/job.ts'
import { changePriorities, createJobQueue, type JobQueue } from '../../src/shared/redis/job-queue.ts'
import { reconcile } from '../../src/worker/jobs/reconcile.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'
import { admit, BOUNDS, createJobRecords, type JobRecords, RETENTION, submittedJob } from '../support/job-records.ts'

let own: TestRedis
let records: JobRecords
let queue: JobQueue
beforeAll(async () => {
  own = await openTestRedis()
  records = createJobRecords(own.redis, own.keys, RETENTION)
  queue = createJobQueue(own.redis, own.keys)
})
afterAll(async () => {
  await queue.close()
  await own.close()
})

const log = pino({ level: 'silent' })
const nothing = async () => undefined
const look = () => {
  const queues = { reorder: nothing, promoteHeld: nothing, enqueueWebhook: nothing }
  const notes = { ended: () => undefined, security: () => undefined }
  const silent = { queues, lost: () => undefined, notes, log }
  return reconcile({ redis: own.redis, records, queue, ...silent })
}
const enqueue = (id: string, priority = 1) => queue.add('run', {} as JobSpec, { jobId: id, priority })
const stateOf = async (id: string) => (await records.read(id))?.job.status

test('what the queue does not know is ended once it is old, however much waits that the queue knows', async () => {
  const ids = Array.from({ length: 1200 }, (_, i) => `job-${i}`)
  for (const id of ids)
    await admit(records, submittedJob(id), { bounds: { ...BOUNDS, maxQueuedJobs: 5000, tenantMaxQueuedJobs: 5000 } })
  const lost = ['job-0', 'job-700', 'job-1199']
  await Promise.all(ids.filter((id) => !lost.includes(id)).map((id) => enqueue(id)))
  // All of them as if they had waited for two minutes, but the last.
  const old = Date.now() - 120_000
  await own.redis.zadd(own.keys.queued, ...ids.slice(0, -1).flatMap((id) => [old, id]))
  expect(await look()).toBe(2)
  expect(await Promise.all(['job-0', 'job-700', 'job-1199', 'job-1'].map(stateOf))).toEqual([
    'internal-error',
    'internal-error',
    null,
    null,
  ])
  expect(await look()).toBe(0)
})

test('what waits gets its new place when the base has moved', async () => {
  await enqueue('moved', 900)
  await own.redis.hset(own.keys.job('moved'), { tag: 1_500_042, rank: 1 })
  await own.redis.zadd(own.keys.queued, Date.now(), 'moved')
  await own.redis.hset(own.keys.fairness, { now: 1_500_000, base: 1_500_000, moved: 1 })
  await look()
  expect((await queue.getJob('moved'))?.priority).toBe(42)
  expect(await own.redis.hexists(own.keys.fairness, 'moved')).toBe(0)
})

test('a place for a job that the queue does not have is passed over', async () => {
  await enqueue('there', 9)
  await changePriorities(queue, [
    { id: 'nowhere', priority: 3 },
    { id: 'there', priority: 4 },
  ])
  expect((await queue.getJob('there'))?.priority).toBe(4)
})

import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { JobSpec } from '../../src/shared/job.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createJobQueue } from '../../src/shared/redis/job-queue.ts'
import type { WorkerCore } from '../../src/worker/core.ts'
import { createJobConsumer, type JobConsumerOptions } from '../../src/worker/jobs/job-consumer.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'
import { eventually } from '../support/eventually.ts'
import { testRoot } from '../support/platform.ts'

const log = pino({ level: 'silent' })
let own: TestRedis
let other: TestRedis
const connections: Redis[] = []
beforeAll(async () => {
  own = await openTestRedis()
  other = await openTestRedis()
})
afterAll(async () => {
  for (const connection of connections) connection.disconnect()
  await own.close()
  await other.close()
})

/** What a worker has of Redis, in this namespace. */
async function coreOf({ namespace, keys }: TestRedis): Promise<WorkerCore> {
  const env = { REDIS_URL: process.env['RUNYARD_TEST_REDIS'], RUNYARD_NAMESPACE: namespace }
  const config = loadConfig(testRoot, env)
  const [redis, subscriber] = await Promise.all(
    ['test-consumer', 'test-consumer-events'].map(async (name) => {
      if (!config.redis) throw new Error('no address of Redis')
      const connection = connectRedis(config.redis, 'wait', name, log)
      connections.push(connection)
      await once(connection, 'ready')
      return connection
    }),
  )
  if (!redis || !subscriber) throw new Error('no connection')
  return { id: 'x', config, keys, redis, subscriber, bulk: redis, tracing: undefined, log, close() {} }
}

/** What is told of jobs is not looked at. */
const silent = new Proxy({}, { get: () => () => undefined })
const options = {
  sandboxes: { pool: silent, locate: () => undefined },
  enqueueWebhook: async () => undefined,
  metrics: { jobs: silent, lost: () => undefined, published: () => undefined },
} as unknown as JobConsumerOptions

/** Adds a job. @returns whether it waits still */
async function addJob({ redis, keys }: TestRedis, id: string): Promise<() => Promise<boolean>> {
  const queue = createJobQueue(redis, keys)
  const job = await queue.add('run', {} as JobSpec, { jobId: id })
  const state = await job.getState()
  expect(['waiting', 'active', 'failed', 'completed', 'prioritized']).toContain(state)
  return async () => ['waiting', 'prioritized'].includes(await job.getState())
}

test('an engine that changes while a worker subscribes at its start decides whether it takes jobs', async () => {
  const start = async (redis: TestRedis, isUp: boolean) => {
    const core = await coreOf(redis)
    const jobs = createJobConsumer(core, options)
    const subscribe = core.subscriber.subscribe.bind(core.subscriber)
    let engine = !isUp
    // The engine changes, and says so, when there is no queue yet to pause or resume.
    core.subscriber.subscribe = (async (...channels: string[]) => {
      const count = await subscribe(...channels)
      engine = isUp
      await (isUp ? jobs.resume() : jobs.pause())
      return count
    }) as typeof core.subscriber.subscribe
    await jobs.start(() => engine)
    return jobs
  }
  const lost = await start(own, false)
  const back = await start(other, true)
  try {
    const waits = { lost: await addJob(own, 'lost'), back: await addJob(other, 'back') }
    // What began to take jobs last has taken one by then.
    await eventually('the job is taken by the worker whose engine is back', async () => !(await waits.back()))
    expect(await waits.lost()).toBe(true)
    await lost.resume()
    await eventually('the job is taken once the other engine is back too', async () => !(await waits.lost()))
  } finally {
    await lost.close()
    await back.close()
  }
})

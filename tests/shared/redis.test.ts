import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { Job, JobHead } from '../../src/shared/job.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { serializeError } from '../../src/shared/log.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createJobRecords } from '../../src/shared/redis/job-record.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { createWorkerRegistry, type Runtimes } from '../../src/shared/redis/worker-registry.ts'
import type { Engine } from '../../src/worker/sandbox/engine.ts'
import { sweepOrphans } from '../../src/worker/sweep.ts'
import { testRoot } from '../support/platform.ts'

const log = pino({ level: 'silent' })
const namespace = `test-${randomBytes(4).toString('hex')}`
const keys = createKeys(namespace)
let redis: Redis
beforeAll(() => {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  redis = connectRedis(address, 'wait', 'test', log)
})
afterAll(async () => {
  const left = await redis.keys(`{${namespace}}:*`)
  if (left.length > 0) await redis.del(...left)
  redis.disconnect()
})

const head = (id: string): JobHead => ({
  id,
  kind: 'code',
  language: 'python',
  version: '3.13.5',
  image: null,
  limits: DEFAULT_LIMITS,
  metadata: {},
  warnings: [],
  createdAt: new Date().toISOString(),
})

const finished = (id: string): Job => ({
  ...head(id),
  state: 'finished',
  status: 'succeeded',
  message: null,
  startedAt: new Date().toISOString(),
  finishedAt: new Date().toISOString(),
  attempt: 1,
  stages: [],
})

describe('the record of a job', () => {
  test('takes one result, and neither events nor another attempt after it', async () => {
    const records = createJobRecords(redis, keys, 100)
    await records.create(head('a'), 'local')
    expect(await records.start(head('a'), 'local', 1)).toBe(true)
    expect(await records.finish(finished('a'), 'local')).toBe(true)
    await records.append('a', [{ type: 'stdout', data: { stage: 'run', data: 'late', encoding: 'utf-8' } }])
    expect(await records.start(head('a'), 'local', 2)).toBe(false)
    expect(await records.finish({ ...finished('a'), status: 'internal-error' }, 'local')).toBe(false)
    expect((await records.read('a'))?.job.status).toBe('succeeded')
    const events = await redis.xrange(keys.events('a'), '-', '+')
    expect(events.map(([, [, type]]) => type)).toEqual(['state', 'state', 'state', 'result'])
    expect(await redis.ttl(keys.events('a'))).toBeLessThanOrEqual(100)
  })
})

describe('the registry of workers', () => {
  const worker = (id: string, runtimes: Runtimes) => ({ id, host: 'h', pid: 1, startedAt: '', slots: 1, runtimes })

  test('offers what every worker has, since any of them may get the job', async () => {
    const registry = createWorkerRegistry(redis, keys)
    await registry.heartbeat(worker('a', { languages: { python: '3.13.5', ruby: '3.3' }, images: ['x', 'y'] }))
    await registry.heartbeat(worker('b', { languages: { python: '3.13.5' }, images: ['y'] }))
    expect(await registry.runtimes()).toEqual({ languages: { python: '3.13.5' }, images: ['y'] })
    await registry.leave('b')
    expect(Object.keys((await registry.runtimes()).languages)).toEqual(['python', 'ruby'])
    await registry.leave('a')
  })

  test('offers what there was last while no worker is there', async () => {
    const registry = createWorkerRegistry(redis, keys)
    await registry.heartbeat(worker('c', { languages: { bash: '5' }, images: [] }))
    await registry.leave('c')
    expect(await registry.alive()).toEqual([])
    expect(await registry.runtimes()).toEqual({ languages: { bash: '5' }, images: [] })
  })

  test('lets a sweep remove only what had no worker twice in a row', async () => {
    const registry = createWorkerRegistry(redis, keys)
    const removed: string[] = []
    const container = (id: string) => ({ id, labels: { 'io.runyard.worker': `worker-of-${id}` }, createdAt: 0 })
    const engine = {
      containers: async () => [container('back-again'), container('orphan')],
      remove: async (id: string) => void removed.push(id),
    } as unknown as Engine
    const suspects = new Set<string>()
    const sweep = () => sweepOrphans(engine, registry, namespace, 'self', suspects, log)
    expect(await sweep()).toBe(0)
    await registry.heartbeat(worker('worker-of-back-again', { languages: {}, images: [] }))
    expect(await sweep()).toBe(1)
    expect(removed).toEqual(['orphan'])
    await registry.leave('worker-of-back-again')
  })
})

test('an error of Redis is logged without the command, which holds code and output', async () => {
  const error = await redis.call('HSET', keys.job('x'), 'secret-code').catch((cause: Error) => cause)
  expect(JSON.stringify(serializeError(error as Error))).not.toContain('secret-code')
  expect(serializeError(error as Error)['message']).toMatch(/wrong number of arguments/)
})

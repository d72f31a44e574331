import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { serializeError } from '../../src/shared/log.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { createWorkerRegistry, type Runtimes } from '../../src/shared/redis/worker-registry.ts'
import type { Engine } from '../../src/worker/sandbox/engine.ts'
import { sweepOrphans } from '../../src/worker/sandbox/sweep.ts'
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

describe('the registry of workers', () => {
  const worker = (id: string, runtimes: Runtimes) => ({
    id,
    host: 'h',
    pid: 1,
    startedAt: '',
    slots: 1,
    engine: 'up' as const,
    runtimes,
  })

  test('offers what every worker has, since any of them may get the job', async () => {
    const registry = createWorkerRegistry(redis, keys)
    await registry.heartbeat(worker('a', { languages: { python: '3.13.5', ruby: '3.3' }, images: ['x', 'y'] }))
    await registry.heartbeat(worker('b', { languages: { python: '3.13.5' }, images: ['y'] }))
    expect((await registry.overview()).runtimes).toEqual({ languages: { python: '3.13.5' }, images: ['y'] })
    await registry.leave('b')
    expect(Object.keys((await registry.overview()).runtimes?.languages ?? {})).toEqual(['python', 'ruby'])
    await registry.leave('a')
  })

  test('offers what there was last while no worker is there', async () => {
    const registry = createWorkerRegistry(redis, keys)
    await registry.heartbeat(worker('c', { languages: { bash: '5' }, images: [] }))
    await registry.leave('c')
    expect(await registry.alive()).toEqual([])
    expect((await registry.overview()).runtimes).toEqual({ languages: { bash: '5' }, images: [] })
  })

  test('leaves nothing for good behind a worker that was killed', async () => {
    await createWorkerRegistry(redis, keys).heartbeat(worker('killed', { languages: {}, images: [] }))
    expect(await redis.pttl(keys.workers)).toBeGreaterThan(0)
    await createWorkerRegistry(redis, keys).leave('killed')
  })

  test('tells a Redis that no worker has been at from one whose workers have nothing', async () => {
    const other = createKeys(`${namespace}-new`)
    const registry = createWorkerRegistry(redis, other)
    expect((await registry.overview()).runtimes).toBeUndefined()
    await registry.heartbeat(worker('d', { languages: {}, images: [] }))
    await registry.leave('d')
    expect((await registry.overview()).runtimes).toEqual({ languages: {}, images: [] })
    await redis.del(other.runtimes)
  })

  test('lets a sweep remove only what had no worker twice in a row', async () => {
    const registry = createWorkerRegistry(redis, keys)
    const removed: string[] = []
    const container = (id: string, worker = `worker-of-${id}`) => ({
      id,
      labels: { 'io.runyard.worker': worker },
      createdAt: 0,
    })
    const engine = {
      containers: async () => [
        container('back-again'),
        container('orphan'),
        container('known', 'self'),
        container('lost', 'self'),
      ],
      remove: async (id: string) => void removed.push(id),
    } as unknown as Engine
    const suspects = new Set<string>()
    const sweep = () => sweepOrphans(engine, registry, namespace, 'self', (id) => id === 'known', suspects, log)
    expect(await sweep()).toBe(0)
    await registry.heartbeat(worker('worker-of-back-again', { languages: {}, images: [] }))
    expect(await sweep()).toBe(2)
    expect(removed).toEqual(['orphan', 'lost'])
    await registry.leave('worker-of-back-again')
  })
})

test('an error of Redis is logged without the command, which holds code and output', async () => {
  const error = await redis.call('HSET', keys.job('x'), 'secret-code').catch((cause: Error) => cause)
  expect(JSON.stringify(serializeError(error as Error))).not.toContain('secret-code')
  expect(serializeError(error as Error)['message']).toMatch(/wrong number of arguments/)
})

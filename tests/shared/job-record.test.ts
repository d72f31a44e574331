import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { Job, JobHead } from '../../src/shared/job.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import {
  type AdmitOptions,
  createJobRecords,
  type JobRecords,
  type SubmittedJob,
} from '../../src/shared/redis/job-record.ts'
import { createKeys, type Keys } from '../../src/shared/redis/keys.ts'
import { testRoot } from '../support/platform.ts'

const namespaces: string[] = []
let redis: Redis
beforeAll(() => {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  redis = connectRedis(address, 'wait', 'test', pino({ level: 'silent' }))
})
afterAll(async () => {
  for (const namespace of namespaces) {
    const left = await redis.keys(`{${namespace}}:*`)
    if (left.length > 0) await redis.del(...left)
  }
  redis.disconnect()
})

/** An installation of its own for each test. */
function fresh(): { records: JobRecords; keys: Keys } {
  const namespace = `test-${randomBytes(4).toString('hex')}`
  namespaces.push(namespace)
  const keys = createKeys(namespace)
  return { records: createJobRecords(redis, keys, { resultTtlSeconds: 100, tenantResultsKept: 5 }), keys }
}

const within = (maxQueuedJobs: number, tenantMaxQueuedJobs: number, rank = 1): AdmitOptions => ({
  bounds: { maxQueuedJobs, tenantMaxQueuedJobs },
  rank,
  idempotency: undefined,
})
const ROOM = within(1000, 1000)

const head = (id: string): JobHead => ({
  id,
  kind: 'code',
  language: 'python',
  version: '3.13.5',
  image: null,
  interactive: false,
  limits: DEFAULT_LIMITS,
  metadata: {},
  warnings: [],
  createdAt: new Date().toISOString(),
})

const job = (id: string, tenant = 'a', maxRunningJobs: number | null = null): SubmittedJob => ({
  head: head(id),
  tenant,
  maxRunningJobs,
  webhook: null,
})

const finished = (id: string, attempt = 1): Job => ({
  ...head(id),
  state: 'finished',
  status: 'succeeded',
  message: null,
  startedAt: new Date().toISOString(),
  finishedAt: new Date().toISOString(),
  attempt,
  stages: [],
})

const output = { type: 'stdout', data: { stage: 'run', data: 'x', encoding: 'utf-8' } } as const

/** Types of a job's events, in order. */
const eventTypes = async (keys: Keys, id: string): Promise<(string | undefined)[]> =>
  (await redis.xrange(keys.events(id), '-', '+')).map(([, [, type]]) => type)

describe('the record of a job', () => {
  test('takes one result, and neither events nor another attempt after it', async () => {
    const { records, keys } = fresh()
    await records.admit(job('x'), ROOM)
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 1, delivery: '' })
    expect((await records.finish(finished('x'), job('x'), { attempt: 1 })).stored).toBe(true)
    await records.append('x', 1, [output])
    expect(await records.start(job('x'))).toEqual({ kind: 'finished' })
    expect((await records.finish({ ...finished('x'), status: 'internal-error' }, job('x'), {})).stored).toBe(false)
    expect((await records.read('x'))?.job.status).toBe('succeeded')
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'state', 'state', 'result'])
    expect(await redis.ttl(keys.events('x'))).toBeLessThanOrEqual(100)
  })

  test('takes nothing of an attempt that was overtaken by another', async () => {
    const { records, keys } = fresh()
    await records.admit(job('x'), ROOM)
    await records.start(job('x'))
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 2, delivery: '' })
    await records.append('x', 1, [output])
    expect((await records.finish(finished('x', 1), job('x'), { attempt: 1 })).stored).toBe(false)
    expect((await records.putBack(job('x'), 1, 'engine-down')).outcome).toBe('overtaken')
    await records.append('x', 2, [output])
    expect((await records.finish(finished('x', 2), job('x'), { attempt: 2 })).stored).toBe(true)
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'state', 'state', 'stdout', 'state', 'result'])
  })

  test('is queued again when it is put back, and counts its starts', async () => {
    const { records, keys } = fresh()
    await records.admit(job('x'), ROOM)
    await records.start(job('x'))
    expect(await redis.zcard(keys.queued)).toBe(0)
    expect((await records.putBack(job('x'), 1, 'engine-down')).outcome).toBe('done')
    expect((await records.read('x'))?.job).toMatchObject({ state: 'queued', startedAt: null })
    expect(await redis.zcard(keys.queued)).toBe(1)
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 2, delivery: '' })
  })

  test('is put back once for a sandbox that was lost, and as often as it takes while the engine is away', async () => {
    const { records } = fresh()
    await records.admit(job('x'), ROOM)
    for (let attempt = 1; attempt <= 5; attempt++) {
      await records.start(job('x'))
      expect((await records.putBack(job('x'), attempt, 'engine-down')).outcome).toBe('done')
    }
    await records.start(job('x'))
    expect((await records.putBack(job('x'), 6, 'sandbox-lost')).outcome).toBe('done')
    await records.start(job('x'))
    expect((await records.putBack(job('x'), 7, 'sandbox-lost')).outcome).toBe('too often')
  })

  test('is put back once when the worker asks again, not having had the answer', async () => {
    const { records, keys } = fresh()
    await records.admit(job('x'), ROOM)
    await records.start(job('x'))
    expect((await records.putBack(job('x'), 1, 'sandbox-lost')).outcome).toBe('done')
    expect((await records.putBack(job('x'), 1, 'sandbox-lost')).outcome).toBe('done')
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'state', 'state'])
    expect(await redis.hget(keys.job('x'), 'losses')).toBe('1')
  })

  test('is not taken back once a worker has taken it', async () => {
    const { records } = fresh()
    await records.admit(job('x'), ROOM)
    await records.start(job('x'))
    await records.remove(job('x'))
    expect((await records.finish(finished('x'), job('x'), { attempt: 1 })).stored).toBe(true)
  })

  test('tells what to put on the queue while it waits, and nothing else', async () => {
    const { records } = fresh()
    const mine = job('x')
    const admission = await records.admit(mine, ROOM)
    const priority = admission.kind === 'admitted' ? admission.priority : 0
    expect(await records.waiting('x', 1)).toEqual({ head: mine.head, priority })
    await records.start(job('x'))
    expect(await records.waiting('x', 1)).toBeUndefined()
    expect(await records.waiting('nosuch', 1)).toBeUndefined()
  })

  test('that is cancelled while it runs tells its worker, also one that takes it up again', async () => {
    const { records } = fresh()
    await records.admit(job('x'), ROOM)
    expect(await records.cancel('x')).toBe('queued')
    await records.start(job('x'))
    expect(await records.renew(job('x'))).toBe(false)
    expect(await records.cancel('x')).toBe('running')
    expect(await records.renew(job('x'))).toBe(true)
    expect(await records.start(job('x'))).toEqual({ kind: 'cancelled', attempt: 1 })
    expect(await records.cancel('nosuch')).toBeUndefined()
  })

  test('is finished only in the state it must be in', async () => {
    const { records } = fresh()
    await records.admit(job('x'), ROOM)
    await records.start(job('x'))
    expect((await records.finish(finished('x'), job('x'), { state: 'queued' })).stored).toBe(false)
    expect((await records.finish(finished('x'), job('x'), { state: 'running' })).stored).toBe(true)
  })

  test('makes no second job of a repeated request, and tells another request with the same key apart', async () => {
    const { records } = fresh()
    const admit = (id: string, hash: string, fingerprint: string, tenant = 'a') =>
      records.admit(job(id, tenant), { ...ROOM, idempotency: { hash, fingerprint } })
    const answers = await Promise.all(['x', 'y', 'z'].map((id) => admit(id, 'key', 'same')))
    expect(answers.map(({ kind }) => kind)).toEqual(['admitted', 'known', 'known'])
    expect(answers[1]).toEqual({ kind: 'known', id: 'x', fingerprint: 'same' })
    expect(await admit('w', 'key', 'other')).toEqual({ kind: 'known', id: 'x', fingerprint: 'same' })
    expect((await admit('v', 'key', 'same', 'b')).kind).toBe('admitted')
    await records.remove(job('x'), { hash: 'key', fingerprint: 'same' })
    expect((await admit('u', 'key', 'same')).kind).toBe('admitted')
  })

  test('is admitted once, also when the gateway asks again', async () => {
    const { records, keys } = fresh()
    await records.admit(job('x'), ROOM)
    await records.start(job('x'))
    expect(await records.admit(job('x'), ROOM)).toMatchObject({ kind: 'known', id: 'x' })
    expect(await redis.zcard(keys.queued)).toBe(0)
    expect((await records.read('x'))?.job).toMatchObject({ state: 'running', attempt: 1 })
  })

  test('goes before its time when its tenant has more than are kept, with its events', async () => {
    const { records, keys } = fresh()
    for (let i = 0; i < 8; i++) {
      await records.admit(job(`a${i}`), ROOM)
      await records.finish(finished(`a${i}`), job(`a${i}`), {})
    }
    await records.admit(job('b', 'b'), ROOM)
    await records.finish(finished('b'), job('b', 'b'), {})
    const left = (await redis.keys(`${keys.prefix}:*`)).filter((key) => /:(job|events):/.test(key))
    const expected = ['a3', 'a4', 'a5', 'a6', 'a7', 'b'].flatMap((id) => [keys.job(id), keys.events(id)])
    expect(left.sort()).toEqual(expected.sort())
    expect(await redis.zrange(keys.tenantJobs('a'), '0', '-1')).toEqual(['a3', 'a4', 'a5', 'a6', 'a7'])
  })

  test('tells what screening found before anything else happens', async () => {
    const { records, keys } = fresh()
    const finding = {
      rule: 'r',
      severity: 'warn',
      reason: '',
      pointer: '/code',
      line: 1,
      column: 1,
      excerpt: '',
    } as const
    await records.admit({ ...job('x'), head: { ...head('x'), warnings: [finding] } }, ROOM)
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'warning'])
    expect((await records.read('x'))?.job.warnings).toEqual([finding])
  })
})

describe('the bounds of the queue', () => {
  const bounds = within(3, 2)

  test('hold for all and for each tenant, however many ask at once', async () => {
    const { records } = fresh()
    const ids = Array.from({ length: 20 }, (_, index) => index)
    const answers = await Promise.all(ids.map((index) => records.admit(job(`a${index}`, 'a'), bounds)))
    expect(answers.filter(({ kind }) => kind === 'admitted')).toHaveLength(2)
    const others = await Promise.all(ids.map((index) => records.admit(job(`b${index}`, 'b'), bounds)))
    expect(others.filter(({ kind }) => kind === 'admitted')).toHaveLength(1)
    expect(others.at(-1)).toMatchObject({ kind: 'full', load: { queued: 3, tenantQueued: 1 } })
  })

  test('have room again when a job starts, ends or is taken back', async () => {
    const { records } = fresh()
    const full = async (id: string) => (await records.admit(job(id, 'p'), within(1, 2))).kind === 'full'
    await records.admit(job('x'), bounds)
    expect(await full('one')).toBe(true)
    await records.start(job('x'))
    expect(await full('two')).toBe(false)
    expect(await full('three')).toBe(true)
    await records.remove(job('two', 'p'))
    expect(await full('four')).toBe(false)
    await records.finish(finished('four'), job('four', 'p'), {})
    expect(await full('five')).toBe(false)
  })

  test('tell how fast jobs end', async () => {
    const { records } = fresh()
    for (const id of ['x', 'y', 'z']) await records.finish(finished(id), job(id), {})
    await records.admit(job('w'), bounds)
    const refused = await records.admit(job('v'), within(1, 2))
    expect(refused).toMatchObject({ kind: 'full', load: { ended: 3 } })
  })

  test('leave nothing behind when the queue is empty', async () => {
    const { records, keys } = fresh()
    for (const id of ['x', 'y']) await records.admit(job(id, id), ROOM)
    for (const id of ['x', 'y']) await records.start(job(id, id))
    expect(await redis.exists(keys.queued, keys.tenantQueued('x'), keys.fairness)).toBe(0)
    for (const id of ['x', 'y']) await records.finish(finished(id), job(id, id), { attempt: 1 })
    const left = (await redis.keys(`${keys.prefix}:*`)).filter(
      (key) => !/:(job|events|jobs-of|finished-of):|:ends$/.test(key),
    )
    expect(left).toEqual([])
  })
})

describe('priorities', () => {
  /** @returns the tag */
  const admit = async (records: JobRecords, id: string, tenant: string, rank = 1): Promise<number> => {
    const admission = await records.admit(job(id, tenant), within(1000, 1000, rank))
    if (admission.kind !== 'admitted') throw new Error('not admitted')
    return Math.ceil(admission.priority / 3)
  }

  test('rise with each job a tenant has waiting, so that the next tenant stands beside its first', async () => {
    const { records } = fresh()
    const many: number[] = []
    for (let i = 0; i < 50; i++) many.push(await admit(records, `a${i}`, 'a'))
    expect(many).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(await admit(records, 'b', 'b')).toBe(1)
    for (let i = 0; i < 20; i++) await records.start(job(`a${i}`, 'a'))
    // Tenant c does not come before the jobs that waited while twenty of a's were started, nor b's.
    expect(await admit(records, 'c', 'c')).toBe(21)
  })

  test('of one tenant let its higher ranks go first, and take no place from another', async () => {
    const { records } = fresh()
    const normal: number[] = []
    for (let i = 0; i < 5; i++) normal.push(await admit(records, `n${i}`, 'a', 1))
    expect(await admit(records, 'low', 'a', 0)).toBe(106)
    expect(await admit(records, 'low2', 'a', 0)).toBe(107)
    expect(await admit(records, 'high', 'a', 2)).toBe(1)
    expect(await admit(records, 'high2', 'a', 2)).toBe(2)
    expect(await admit(records, 'n5', 'a', 1)).toBe(6)
    expect(await admit(records, 'b', 'b', 1)).toBe(1)
  })

  test('never starve a tenant: those who come later stand behind what has waited long', async () => {
    const { records } = fresh()
    const waiting = new Map<string, number>()
    for (let i = 0; i < 10; i++) waiting.set(`heavy${i}`, await admit(records, `heavy${i}`, 'heavy'))
    // A new tenant with one job for each job that is started, for ever.
    let rounds = 0
    while ([...waiting.keys()].some((id) => id.startsWith('heavy'))) {
      const id = `light${rounds++}`
      waiting.set(id, await admit(records, id, id))
      const [next] = [...waiting].sort((a, b) => a[1] - b[1])[0] ?? ['']
      waiting.delete(next)
      await records.start(job(next, next.startsWith('heavy') ? 'heavy' : next))
      if (rounds > 100) break
    }
    expect(rounds).toBeLessThanOrEqual(100)
  })
})

describe('the cap of a tenant', () => {
  test('holds however many workers start its jobs at once, and not for others', async () => {
    const { records } = fresh()
    const started = await Promise.all(Array.from({ length: 10 }, (_, index) => records.start(job(`a${index}`, 'a', 3))))
    expect(started.filter(({ kind }) => kind === 'started')).toHaveLength(3)
    expect(started.filter(({ kind }) => kind === 'held')).toHaveLength(7)
    expect((await records.start(job('b0', 'b', 3))).kind).toBe('started')
    // The second attempt of one that runs takes no second place.
    expect(await records.start(job('a0', 'a', 3))).toEqual({ kind: 'started', attempt: 2, delivery: '' })
  })

  test('lets as many held jobs go as have room, the longest waiting first', async () => {
    const { records } = fresh()
    for (const id of ['x', 'y']) await records.start(job(id, 'a', 2))
    for (const id of ['h1', 'h2', 'h3']) expect(await records.hold(job(id, 'a', 2))).toEqual([])
    const { released } = await records.finish(finished('x'), job('x', 'a', 2), { attempt: 1 })
    expect(released).toEqual(['h1'])
    await records.start(job('h1', 'a', 2))
    expect((await records.putBack(job('y', 'a', 2), 1, 'engine-down')).released).toEqual(['h2'])
  })

  test('lets a job go at once that is held when room was made a moment ago', async () => {
    const { records } = fresh()
    await records.start(job('x', 'a', 1))
    expect((await records.start(job('late', 'a', 1))).kind).toBe('held')
    await records.finish(finished('x'), job('x', 'a', 1), { attempt: 1 })
    expect(await records.hold(job('late', 'a', 1))).toEqual(['late'])
  })

  test('forgets a job whose worker says nothing for long', async () => {
    const { records, keys } = fresh()
    await records.start(job('x', 'a', 1))
    await redis.zadd(keys.tenantRunning('a'), Date.now() - 1, 'x')
    expect((await records.start(job('y', 'a', 1))).kind).toBe('started')
    await records.renew(job('y', 'a', 1))
    expect(Number(await redis.zscore(keys.tenantRunning('a'), 'y'))).toBeGreaterThan(Date.now() + 10_000)
    await records.renew(job('gone', 'a', 1))
    expect(await redis.zscore(keys.tenantRunning('a'), 'gone')).toBeNull()
  })
})

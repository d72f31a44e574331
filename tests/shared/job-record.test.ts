import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import type { SubmittedJob } from '../../src/shared/jobs/job-admission.ts'
import type { Retention } from '../../src/shared/jobs/job-life-cycle.ts'
import type { StageSummary } from '../../src/shared/job.ts'
import { APPEND, START } from '../../src/shared/jobs/scripts/run.ts'
import { createKeys, type Keys } from '../../src/shared/redis/keys.ts'
import {
  admit,
  BOUNDS,
  createJobRecords,
  endedJob,
  jobHead,
  type JobRecords,
  RETENTION,
  submission,
  submittedJob,
} from '../support/job-records.ts'
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
function fresh(retention: Partial<Retention> = {}): { records: JobRecords; keys: Keys } {
  const namespace = `test-${randomBytes(4).toString('hex')}`
  namespaces.push(namespace)
  const keys = createKeys(namespace)
  return { records: createJobRecords(redis, keys, { ...RETENTION, tenantResultsKept: 5, ...retention }), keys }
}

const within = (maxQueuedJobs: number, tenantMaxQueuedJobs: number) => ({
  bounds: { ...BOUNDS, maxQueuedJobs, tenantMaxQueuedJobs },
})

const job = (id: string, tenant = 'a', maxRunningJobs: number | null = null) =>
  submittedJob(id, tenant, { maxRunningJobs })
const finished = endedJob

const output = { type: 'stdout', data: { stage: 'run', data: 'x', encoding: 'utf-8' } } as const

/** Types of a job's events, in order. */
const eventTypes = async (keys: Keys, id: string): Promise<(string | undefined)[]> =>
  (await redis.xrange(keys.events(id), '-', '+')).map(([, [, type]]) => type)

describe('the record of a job', () => {
  test('takes one result, and neither events nor another attempt after it', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 1, delivery: '' })
    expect((await records.finish(finished('x'), 'a', { attempt: 1 })).stored).toBe(true)
    await records.append('x', 1, 1, [output])
    expect(await records.start(job('x'))).toEqual({ kind: 'finished' })
    expect((await records.finish({ ...finished('x'), status: 'internal-error' }, 'a', {})).stored).toBe(false)
    expect((await records.read('x'))?.job.status).toBe('succeeded')
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'state', 'state', 'result'])
    expect(await redis.ttl(keys.events('x'))).toBeLessThanOrEqual(100)
  })

  test('takes nothing of an attempt that was overtaken by another', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 2, delivery: '' })
    await records.append('x', 1, 1, [output])
    expect((await records.finish(finished('x', 1), 'a', { attempt: 1 })).stored).toBe(false)
    expect((await records.requeue(job('x'), 1, 'engine-down')).outcome).toBe('overtaken')
    await records.append('x', 2, 1, [output])
    expect((await records.finish(finished('x', 2), 'a', { attempt: 2 })).stored).toBe(true)
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'state', 'state', 'stdout', 'state', 'result'])
  })

  test('what is asked a second time, since the answer to the first was lost, is done once', async () => {
    const own = fresh()
    await admit(own.records, job('x'))
    const twice = redis.duplicate()
    const records = createJobRecords(twice, own.keys, RETENTION)
    const commands = twice as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    for (const { name } of [START, APPEND]) {
      const ask = commands[name]?.bind(twice)
      commands[name] = async (...args) => (await ask?.(...args), ask?.(...args))
    }
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 1, delivery: '' })
    await records.append('x', 1, 1, [output])
    await records.append('x', 1, 2, [output, output])
    expect(await eventTypes(own.keys, 'x')).toEqual(['state', 'state', 'stdout', 'stdout', 'stdout'])
    // Another start is another attempt, and its additions are counted anew.
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 2, delivery: '' })
    await records.append('x', 2, 1, [output])
    expect(await eventTypes(own.keys, 'x')).toHaveLength(7)
    twice.disconnect()
  })

  test('is queued again when it is requeued, and counts its starts', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    expect(await redis.zcard(keys.queued)).toBe(0)
    expect((await records.requeue(job('x'), 1, 'engine-down')).outcome).toBe('done')
    expect((await records.read('x'))?.job).toMatchObject({ state: 'queued', startedAt: null })
    expect(await redis.zcard(keys.queued)).toBe(1)
    expect(await records.start(job('x'))).toEqual({ kind: 'started', attempt: 2, delivery: '' })
  })

  test('is requeued once for a sandbox that was lost, and as often as it takes while the engine is away', async () => {
    const { records } = fresh()
    await admit(records, job('x'))
    for (let attempt = 1; attempt <= 5; attempt++) {
      await records.start(job('x'))
      expect((await records.requeue(job('x'), attempt, 'engine-down')).outcome).toBe('done')
    }
    await records.start(job('x'))
    expect((await records.requeue(job('x'), 6, 'sandbox-lost')).outcome).toBe('done')
    await records.start(job('x'))
    expect((await records.requeue(job('x'), 7, 'sandbox-lost')).outcome).toBe('too often')
  })

  test('is requeued once when the worker asks again, not having had the answer', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    expect((await records.requeue(job('x'), 1, 'sandbox-lost')).outcome).toBe('done')
    expect((await records.requeue(job('x'), 1, 'sandbox-lost')).outcome).toBe('done')
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'state', 'state'])
    expect(await redis.hget(keys.job('x'), 'back:sandbox-lost')).toBe('1')
  })

  test('is not taken back once a worker has taken it', async () => {
    const { records } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    await records.remove(submission(job('x')))
    expect((await records.finish(finished('x'), 'a', { attempt: 1 })).stored).toBe(true)
  })

  test('tells what to put on the queue while it waits, and nothing else', async () => {
    const { records } = fresh()
    const mine = job('x')
    await admit(records, mine)
    expect(await records.waiting('x')).toEqual({ head: mine.head, priority: 1 })
    await records.start(job('x'))
    expect(await records.waiting('x')).toBeUndefined()
    expect(await records.waiting('nosuch')).toBeUndefined()
  })

  test('that is cancelled while it runs tells its worker, also one that takes it up again', async () => {
    const { records } = fresh()
    await admit(records, job('x'))
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
    await admit(records, job('x'))
    await records.start(job('x'))
    expect((await records.finish(finished('x'), 'a', { state: 'queued' })).stored).toBe(false)
    expect((await records.finish(finished('x'), 'a', { state: 'running' })).stored).toBe(true)
  })

  test('makes no second job of a repeated request, and tells another request with the same key apart', async () => {
    const { records } = fresh()
    const ask = (id: string, hash: string, fingerprint: string, tenant = 'a') =>
      admit(records, job(id, tenant), { idempotency: { hash, fingerprint } })
    const answers = await Promise.all(['x', 'y', 'z'].map((id) => ask(id, 'key', 'same')))
    expect(answers.map(({ kind }) => kind)).toEqual(['admitted', 'known', 'known'])
    expect(answers[1]).toEqual({ kind: 'known', id: 'x', fingerprint: 'same' })
    expect(await ask('w', 'key', 'other')).toEqual({ kind: 'known', id: 'x', fingerprint: 'same' })
    expect((await ask('v', 'key', 'same', 'b')).kind).toBe('admitted')
    await records.remove(submission(job('x'), { idempotency: { hash: 'key', fingerprint: 'same' } }))
    expect((await ask('u', 'key', 'same')).kind).toBe('admitted')
  })

  test('is admitted once, also when the gateway asks again', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    expect(await admit(records, job('x'))).toMatchObject({ kind: 'known', id: 'x' })
    expect(await redis.zcard(keys.queued)).toBe(0)
    expect((await records.read('x'))?.job).toMatchObject({ state: 'running', attempt: 1 })
  })

  test('goes before its time when its tenant has more than are kept, with its events', async () => {
    const { records, keys } = fresh()
    for (let i = 0; i < 8; i++) {
      await admit(records, job(`a${i}`))
      await records.finish(finished(`a${i}`), 'a', {})
    }
    await admit(records, job('b', 'b'))
    await records.finish(finished('b'), 'b', {})
    const left = (await redis.keys(`${keys.prefix}:*`)).filter((key) => /:(job|events):/.test(key))
    const expected = ['a3', 'a4', 'a5', 'a6', 'a7', 'b'].flatMap((id) => [keys.job(id), keys.events(id)])
    expect(left.sort()).toEqual(expected.sort())
    expect(await redis.zrange(keys.tenantJobs('a'), '0', '-1')).toEqual(['a3', 'a4', 'a5', 'a6', 'a7'])
  })

  test('goes before its time when its tenant, or all together, have more bytes than are kept', async () => {
    const { records, keys } = fresh({ tenantResultsKept: 100, tenantMaxStoredBytes: 100_000, maxStoredBytes: 140_000 })
    const end = async (id: string, tenant: string) => {
      await admit(records, job(id, tenant))
      const outputs = [{ bytes: Buffer.alloc(30_000, 120), order: Buffer.from([0xb0, 0xea, 1]) }]
      await records.finish(finished(id), tenant, {}, { outputs, artifactBytes: 10_000 })
    }
    const left = async () => (await redis.zrange(keys.finished, '0', '-1')).join(' ')
    for (const id of ['a1', 'a2', 'a3']) await end(id, 'a')
    expect(await left()).toBe('a2 a3')
    expect(await records.read('a1')).toBeUndefined()
    await end('b1', 'b')
    expect(await left()).toBe('a2 a3 b1')
    await end('c1', 'c')
    expect(await left()).toBe('a3 b1 c1')
    expect(Number(await redis.hget(keys.stored, 'all'))).toBeLessThan(140_000)
    expect(await redis.hget(keys.stored, 'of:b')).toBe((await redis.hget(keys.sizes, 'b1'))?.split(' ')[0])
    expect(await redis.hlen(keys.sizes)).toBe(3)
  })

  test('counts the bytes of its events', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    await records.append('x', 1, 1, [
      { type: 'stdout', data: { stage: 'run', data: 'x'.repeat(5000), encoding: 'utf-8' } },
    ])
    await records.finish(finished('x'), 'a', {})
    expect(Number(await redis.hget(keys.stored, 'all'))).toBeGreaterThan(5000)
  })

  test('has its output once, and gives both streams and their order', async () => {
    const { records, keys } = fresh()
    await admit(records, job('x'))
    const stage = { name: 'run', status: 'succeeded', stdoutBytes: 3, stderrBytes: 2 } as unknown as StageSummary
    const outputs = [
      { bytes: Buffer.from('aébc'), order: Buffer.from([1, 2, 2]) },
      { bytes: Buffer.alloc(0), order: Buffer.alloc(0) },
      { bytes: Buffer.from([255, 1]), order: Buffer.from([2]) },
    ]
    await records.finish({ ...finished('x'), stages: [stage, stage, stage] }, 'a', {}, { outputs })
    const read = (await records.read('x'))?.job
    expect(JSON.stringify(read)).not.toContain('aébc')
    const whole = read && (await records.withOutput(read))
    expect(whole?.stages).toEqual([
      { ...stage, stdout: 'abc', stderr: 'é', output: 'aébc', encoding: 'utf-8' },
      { ...stage, stdout: '', stderr: '', output: '', encoding: 'utf-8' },
      {
        ...stage,
        stdout: '\ufffd\x01',
        stderr: '',
        output: '\ufffd\x01',
        stdoutBase64: '/wE=',
        outputBase64: '/wE=',
        encoding: 'utf-8',
      },
    ])
    expect(await redis.hstrlen(keys.job('x'), 'output')).toBe(11)
  })

  test('has what is known of it when it is accepted written once, unless it is gone when a worker takes it', async () => {
    const { records, keys } = fresh()
    const mine = job('x')
    const other = { ...mine, head: { ...mine.head, metadata: { other: true } } }
    await admit(records, mine)
    await records.start(other)
    await records.finish({ ...finished('x'), metadata: { other: true } }, 'a', { attempt: 1 })
    expect(await redis.hget(keys.job('x'), 'head')).toBe(JSON.stringify(mine.head))

    const gone = submittedJob('y', 'a', { webhook: { url: 'https://example.com/hook', events: ['job.started'] } })
    await admit(records, gone)
    await records.remove(submission(gone))
    expect(await records.start(gone)).toMatchObject({ kind: 'started', attempt: 1, delivery: 'y-started' })
    expect((await records.read('y'))?.job).toMatchObject({ ...gone.head, state: 'running' })
    expect((await records.finish(finished('y'), 'a', { attempt: 1 })).stored).toBe(true)
    const { state: _state, ...never } = finished('z')
    expect((await records.finish({ ...never, state: 'finished' }, 'a', {})).stored).toBe(true)
    expect(await records.read('z')).toEqual({ job: { ...never, state: 'finished' }, tenant: 'a' })
  })

  test('that the version before has made can be read, run and ended', async () => {
    const { records, keys } = fresh()
    const [queued, running] = ['q', 'r'].map((id) => job(id)) as [SubmittedJob, SubmittedJob]
    const now = Date.now()
    const record = ({ head }: SubmittedJob, more: Record<string, string>) => ({
      head: JSON.stringify(head),
      tenant: 'a',
      startedAt: '',
      summary: '',
      rank: '1',
      size: '2100',
      cap: '0',
      startedUrl: '',
      finishedUrl: '',
      replyTo: 'gateway',
      tag: '1',
      turn: '1',
      eventBytes: '30',
      ...more,
    })
    await redis
      .pipeline()
      .hset(keys.job('q'), record(queued, { state: 'queued', attempt: '0' }))
      .zadd(keys.queued, now, 'q')
      .zadd(keys.tenantQueued('a'), String(2 ** 50 + 1), 'q')
      .hset(keys.fairness, { 'tag:a': '1', tenants: '1' })
      .hset(keys.waitingBytes, { all: '2100', 'of:a': '2100' })
      .hset(keys.job('r'), record(running, { state: 'running', attempt: '1', start: 'token', added: '2' }))
      .zadd(keys.running, now + 30_000, 'r')
      .zadd(keys.tenantRunning('a'), now + 30_000, 'r')
      .exec()
    expect(await records.start(queued)).toEqual({ kind: 'started', attempt: 1, delivery: '' })
    await records.append('r', 1, 3, [output])
    expect(await records.renew(running)).toBe(false)
    for (const id of ['q', 'r']) expect((await records.finish(finished(id), 'a', { attempt: 1 })).stored).toBe(true)
    expect((await records.read('q'))?.job).toMatchObject({ ...queued.head, status: 'succeeded', attempt: 1 })
    const left = (await redis.keys(`${keys.prefix}:*`)).map((key) => key.slice(keys.prefix.length + 1))
    expect(left.filter((key) => !/^(job|events):/.test(key)).sort()).toEqual(
      ['ends', 'finished', 'finished-of:a', 'sizes', 'stored'].sort(),
    )
  })

  test('has the fields that the version before reads', async () => {
    const { records, keys } = fresh()
    const webhook = { url: 'https://example.com/hook' }
    await admit(records, submittedJob('x', 'a', { webhook, replyTo: 'gateway', keptRequest: '{}', maxRunningJobs: 3 }))
    const { head, size, ...fields } = await redis.hgetall(keys.job('x'))
    expect(JSON.parse(head ?? '')).toMatchObject({ id: 'x', kind: 'code' })
    expect(Number(size)).toBe(0)
    expect(fields).toEqual({
      tenant: 'a',
      state: 'queued',
      attempt: '0',
      startedAt: '',
      summary: '',
      rank: '1',
      cap: '3',
      startedUrl: '',
      finishedUrl: 'https://example.com/hook',
      replyTo: 'gateway',
      request: '{}',
      tag: '1',
      turn: '1',
      eventBytes: String('{"state":"queued","attempt":0}'.length),
    })
  })

  test('is made anew when the one that an idempotency key stands for has expired', async () => {
    const { records, keys } = fresh()
    const idempotency = { hash: 'key', fingerprint: 'same' }
    await admit(records, job('x'), { idempotency })
    await records.finish(finished('x'), 'a', {})
    await redis.del(keys.job('x'))
    expect((await admit(records, job('y'), { idempotency })).kind).toBe('admitted')
    expect(await admit(records, job('z'), { idempotency })).toMatchObject({ kind: 'known', id: 'y' })
  })

  test('that is cancelled while its sandbox is lost for the second time is cancelled', async () => {
    const { records } = fresh()
    await admit(records, job('x'))
    await records.start(job('x'))
    await records.requeue(job('x'), 1, 'sandbox-lost')
    await records.start(job('x'))
    await records.cancel('x')
    expect((await records.requeue(job('x'), 2, 'sandbox-lost')).outcome).toBe('cancelled')
  })

  test('is found when it waits and the queue may not know of it, however many wait', async () => {
    const { records, keys } = fresh()
    const ids = Array.from({ length: 700 }, (_, i) => `a${i}`)
    for (const id of ids) await admit(records, job(id))
    await admit(records, submittedJob('late', 'a', { delayMs: 1 }))
    const found: string[] = []
    for await (const page of records.doubtful(-60_000)) found.push(...page)
    expect(found.sort()).toEqual([...ids, 'late'].sort())
    await redis.zadd(keys.running, Date.now() - 5000, 'silent')
    const later: string[] = []
    for await (const page of records.doubtful(60_000)) later.push(...page)
    expect(later).toEqual(['silent'])
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
    await admit(records, { ...job('x'), head: { ...jobHead('x'), warnings: [finding] } })
    expect(await eventTypes(keys, 'x')).toEqual(['state', 'warning'])
    expect((await records.read('x'))?.job.warnings).toEqual([finding])
  })
})

describe('the bounds of the queue', () => {
  const bounds = within(3, 2)

  test('hold for all and for each tenant, however many ask at once', async () => {
    const { records } = fresh()
    const ids = Array.from({ length: 20 }, (_, index) => index)
    const answers = await Promise.all(ids.map((index) => admit(records, job(`a${index}`, 'a'), bounds)))
    expect(answers.filter(({ kind }) => kind === 'admitted')).toHaveLength(2)
    const others = await Promise.all(ids.map((index) => admit(records, job(`b${index}`, 'b'), bounds)))
    expect(others.filter(({ kind }) => kind === 'admitted')).toHaveLength(1)
    expect(others.at(-1)).toMatchObject({ kind: 'full', load: { full: 'queued', all: 3, tenants: 1 } })
  })

  test('have room again when a job starts, ends or is taken back', async () => {
    const { records } = fresh()
    const full = async (id: string) => (await admit(records, job(id, 'p'), within(1, 2))).kind === 'full'
    await admit(records, job('x'), bounds)
    expect(await full('one')).toBe(true)
    await records.start(job('x'))
    expect(await full('two')).toBe(false)
    expect(await full('three')).toBe(true)
    await records.remove(submission(job('two', 'p')))
    expect(await full('four')).toBe(false)
    await records.finish(finished('four'), 'p', {})
    expect(await full('five')).toBe(false)
  })

  test('of delayed jobs are their own, so that they leave the others their room', async () => {
    const { records } = fresh()
    const delayed = (id: string) => admit(records, submittedJob(id, 'a', { delayMs: 60_000 }), bounds)
    expect([(await delayed('x')).kind, (await delayed('y')).kind]).toEqual(['admitted', 'admitted'])
    expect(await delayed('z')).toMatchObject({ kind: 'full', load: { full: 'delayed', all: 2, tenants: 2 } })
    expect((await admit(records, job('w'), bounds)).kind).toBe('admitted')
  })

  test('hold for the bytes that wait, of all and of each tenant, delayed ones among them', async () => {
    const { records, keys } = fresh()
    const small = { bounds: { ...BOUNDS, maxQueuedBytes: 1000, tenantMaxQueuedBytes: 600 }, size: 400 }
    await admit(records, job('x'), small)
    expect(await admit(records, submittedJob('y', 'a', { delayMs: 1000 }), small)).toMatchObject({
      kind: 'full',
      load: { full: 'bytes', all: 400, tenants: 400 },
    })
    expect((await admit(records, job('b', 'b'), small)).kind).toBe('admitted')
    expect((await admit(records, job('c', 'c'), small)).kind).toBe('full')
    await records.start(job('x'))
    await records.requeue(job('x'), 1, 'engine-down')
    expect((await admit(records, job('c', 'c'), small)).kind).toBe('full')
    await records.start(job('x'))
    expect((await admit(records, job('c', 'c'), small)).kind).toBe('admitted')
    await records.finish(finished('b'), 'b', {})
    await records.remove(submission(job('c', 'c')))
    expect(await redis.exists(keys.waitingBytes)).toBe(0)
  })

  test('take all jobs of a batch, or none', async () => {
    const { records, keys } = fresh()
    const three = ['x', 'y', 'z'].map((id) => job(id))
    expect((await admit(records, three, bounds)).kind).toBe('full')
    expect(await redis.exists(keys.queued, keys.job('x'), keys.batch('b'))).toBe(0)
    const batch = { id: 'b', json: '{}' }
    const asked = { batch, idempotency: { hash: 'k', fingerprint: 'f' } }
    expect(await admit(records, three, asked)).toEqual({ kind: 'admitted', priorities: [1, 2, 3] })
    const again = { batch: { id: 'c', json: '{}' }, idempotency: asked.idempotency }
    expect(await admit(records, job('w'), again)).toEqual({ kind: 'known', id: 'b', fingerprint: 'f' })
    expect(await redis.exists(keys.batch('c'), keys.job('w'))).toBe(0)
    await records.remove(submission(three, asked))
    expect(await redis.exists(keys.queued, keys.job('x'), keys.batch('b'), keys.idempotency('a', 'k'))).toBe(0)
  })

  test('tell how fast jobs end', async () => {
    const { records } = fresh()
    for (const id of ['x', 'y', 'z']) await records.finish(finished(id), 'a', {})
    await admit(records, job('w'), bounds)
    const refused = await admit(records, job('v'), within(1, 2))
    expect(refused).toMatchObject({ kind: 'full', load: { ended: 3 } })
  })

  test('leave nothing behind when the queue is empty', async () => {
    const { records, keys } = fresh()
    for (const id of ['x', 'y']) await admit(records, job(id, id))
    for (const id of ['x', 'y']) await records.start(job(id, id))
    expect(await redis.exists(keys.queued, keys.tenantQueued('x'), keys.fairness)).toBe(0)
    for (const id of ['x', 'y']) await records.finish(finished(id), id, { attempt: 1 })
    const left = (await redis.keys(`${keys.prefix}:*`)).filter(
      (key) => !/:(job|events|jobs-of|finished-of):|:(all-jobs|ends|finished|sizes|stored)$/.test(key),
    )
    expect(left).toEqual([])
  })
})

describe('priorities', () => {
  /** @returns the place in the queue */
  const enter = async (records: JobRecords, id: string, tenant: string, rank = 1): Promise<number> => {
    const admission = await admit(records, submittedJob(id, tenant, { rank }))
    if (admission.kind !== 'admitted') throw new Error('not admitted')
    return admission.priorities[0] ?? 0
  }

  /** A queue by priorities, as BullMQ is one, that one worker works off. */
  const workOff = async (records: JobRecords, queue: Map<string, number>, tenantOf: (id: string) => string) => {
    const order: string[] = []
    while (queue.size > 0) {
      const [id] = [...queue].reduce((a, b) => (b[1] < a[1] ? b : a))
      queue.delete(id)
      const start = await records.start(job(id, tenantOf(id)))
      if (start.kind === 'started') order.push(id)
      else if (start.kind !== 'later') throw new Error(start.kind)
      else {
        queue.set(id, start.priority)
        for (const other of start.others) if (queue.has(other.id)) queue.set(other.id, other.priority)
      }
    }
    return order
  }

  test('rise with each job a tenant has waiting, so that the next tenant stands beside its first', async () => {
    const { records } = fresh()
    const many: number[] = []
    for (let i = 0; i < 50; i++) many.push(await enter(records, `a${i}`, 'a'))
    expect(many).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(await enter(records, 'b', 'b')).toBe(1)
    for (let i = 0; i < 20; i++) await records.start(job(`a${i}`, 'a'))
    // Tenant c does not come before the jobs that waited while twenty of a's were started, nor b's.
    expect(await enter(records, 'c', 'c')).toBe(21)
  })

  test('of one tenant let its higher ranks go first, and take no place from another', async () => {
    const { records } = fresh()
    const queue = new Map<string, number>()
    const add = async (id: string, rank: number) => queue.set(id, await enter(records, id, id[0] ?? '', rank))
    for (let i = 0; i < 4; i++) await add(`a-normal${i}`, 1)
    for (let i = 0; i < 4; i++) await add(`a-high${i}`, 2)
    for (let i = 0; i < 4; i++) await add(`a-low${i}`, 0)
    for (let i = 0; i < 8; i++) await add(`b${i}`, 1)
    const order = await workOff(records, queue, (id) => id[0] ?? '')
    expect(order.filter((id) => id.startsWith('a'))).toEqual(
      ['high', 'normal', 'low'].flatMap((rank) => [0, 1, 2, 3].map((i) => `a-${rank}${i}`)),
    )
    // One of each in turn, whatever ranks a has: with three ranks it must not have three turns.
    for (let i = 0; i < 16; i += 2) expect(new Set(order.slice(i, i + 2).map((id) => id[0])).size).toBe(2)
  })

  test('let one of the lowest rank wait for a hundred rounds, and nobody else wait for it', async () => {
    const { records } = fresh()
    expect(await enter(records, 'low', 'a', 0)).toBe(101)
    await records.start(job('low', 'a'))
    const queue = new Map<string, number>()
    queue.set('first', await enter(records, 'first', 'a'))
    queue.set('low2', await enter(records, 'low2', 'b', 0))
    await records.start(job('low2', 'b'))
    expect(await enter(records, 'next', 'c')).toBeLessThanOrEqual(3)
  })

  test('never starve a tenant: those who come later stand behind what has waited long', async () => {
    const { records } = fresh()
    const waiting = new Map<string, number>()
    for (let i = 0; i < 10; i++) waiting.set(`heavy${i}`, await enter(records, `heavy${i}`, 'heavy'))
    // A new tenant with one job for each job that is started, for ever.
    let rounds = 0
    while ([...waiting.keys()].some((id) => id.startsWith('heavy'))) {
      const id = `light${rounds++}`
      waiting.set(id, await enter(records, id, id))
      const [next] = [...waiting].sort((a, b) => a[1] - b[1])[0] ?? ['']
      waiting.delete(next)
      await records.start(job(next, next.startsWith('heavy') ? 'heavy' : next))
      if (rounds > 100) break
    }
    expect(rounds).toBeLessThanOrEqual(100)
  })

  test('are told apart for ever, also where the queue is never empty', async () => {
    const { records, keys } = fresh()
    await enter(records, 'old', 'a')
    await enter(records, 'older', 'b')
    // As after so many rounds: more than BullMQ has priorities.
    const rounds = 5_000_000
    await redis.hset(keys.job('old'), 'tag', rounds)
    await records.start(job('old', 'a'))
    await redis.hset(keys.job('older'), 'tag', rounds + 7)
    // This one finds that the base is far behind, and is still behind what was started last.
    await enter(records, 'mover', 'c')
    const places = [await enter(records, 'x', 'd'), await enter(records, 'y', 'd')]
    expect(places).toEqual([1, 2])
    const changes: { id: string; priority: number }[] = []
    for await (const page of records.reorder()) changes.push(...page)
    expect(Object.fromEntries(changes.map(({ id, priority }) => [id, priority]))).toEqual({
      older: 7,
      mover: 1,
      x: 1,
      y: 2,
    })
    for await (const page of records.reorder()) expect(page).toEqual([])
  })

  test('of a delayed job are given when it is due, not when it was accepted', async () => {
    const { records } = fresh()
    const late = submittedJob('late', 'a', { delayMs: 60_000 })
    await admit(records, late)
    for (let i = 0; i < 5; i++) await enter(records, `b${i}`, 'b')
    for (let i = 0; i < 3; i++) await records.start(job(`b${i}`, 'b'))
    expect(await records.start(late)).toEqual({ kind: 'later', priority: 4, others: [] })
    expect(await records.start(late)).toMatchObject({ kind: 'started' })
  })

  test('of a requeued job are among the first, also when the queue was empty meanwhile', async () => {
    const { records } = fresh()
    for (let i = 0; i < 50; i++) await enter(records, `a${i}`, 'a')
    for (let i = 0; i < 50; i++) await records.start(job(`a${i}`, 'a'))
    await enter(records, 'b', 'b')
    expect(await records.requeue(job('a49', 'a'), 1, 'engine-down')).toMatchObject({ outcome: 'done', priority: 1 })
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
    const { promotable } = await records.finish(finished('x'), 'a', { attempt: 1 })
    expect(promotable).toEqual(['h1'])
    await records.start(job('h1', 'a', 2))
    expect(await records.requeue(job('y', 'a', 2), 1, 'engine-down')).toMatchObject({ promotable: ['h2'] })
  })

  test('lets a job go at once that is held when room was made a moment ago', async () => {
    const { records } = fresh()
    await records.start(job('x', 'a', 1))
    expect((await records.start(job('late', 'a', 1))).kind).toBe('held')
    await records.finish(finished('x'), 'a', { attempt: 1 })
    expect(await records.hold(job('late', 'a', 1))).toEqual(['late'])
  })

  test('takes no job among the held that has ended, nor keeps one that has started', async () => {
    const { records, keys } = fresh()
    for (const id of ['x', 'h', 'e']) await admit(records, job(id, 'a', 1))
    await records.start(job('x', 'a', 1))
    await records.hold(job('h', 'a', 1))
    await records.finish(finished('e'), 'a', {})
    await records.hold(job('e', 'a', 1))
    expect(await redis.zrange(keys.tenantHeld('a'), '0', '-1')).toEqual(['h'])
    await records.start(job('h', 'a', null))
    expect(await redis.exists(keys.tenantHeld('a'))).toBe(0)
  })

  test('lets held jobs go whoever ends the one that runs', async () => {
    const { records } = fresh()
    for (const id of ['x', 'h']) await admit(records, job(id, 'a', 1))
    await records.start(job('x', 'a', 1))
    await records.hold(job('h', 'a', 1))
    expect((await records.finish(finished('x'), 'a', {})).promotable).toEqual(['h'])
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

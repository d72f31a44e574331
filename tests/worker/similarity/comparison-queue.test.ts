import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { v7 as uuid } from 'uuid'
import { loadConfig } from '../../../src/shared/config/config.ts'
import {
  type Comparisons,
  createComparisons,
  createSimilarityQueue,
  MAX_KEPT_BYTES,
  type SimilarityQueue,
  UNDECIDED_MS,
} from '../../../src/shared/judging/comparisons.ts'
import { createProblemStore, type ProblemStore } from '../../../src/shared/judging/problem-store.ts'
import type { StoredProblem } from '../../../src/shared/judging/stored-problem.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import type { Compare } from '../../../src/worker/similarity/compare-submissions.ts'
import { type ComparisonQueue, createComparisonQueue } from '../../../src/worker/similarity/comparison-queue.ts'
import { openTestRedis, type TestRedis } from '../../shared/security/test-redis.ts'
import { eventually } from '../../support/eventually.ts'
import { testRoot } from '../../support/platform.ts'

const log = pino({ level: 'silent' })
let own: TestRedis
let problems: ProblemStore
let comparisons: Comparisons
let queue: SimilarityQueue
let workers: { queue: ComparisonQueue; redis: Redis }[] = []

beforeEach(async () => {
  own = await openTestRedis()
  problems = createProblemStore(own.redis, own.keys)
  comparisons = createComparisons(own.redis, own.keys)
  queue = createSimilarityQueue(own.redis, own.keys)
})
afterEach(async () => {
  for (const worker of workers) {
    await worker.queue.close()
    worker.redis.disconnect()
  }
  workers = []
  await queue.close()
  await own.close()
})

/** Of the workers of these tests. */
const LOCK_MS = 1000

function startWorker(compare: Compare): ComparisonQueue {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  const redis = connectRedis(address, 'wait', 'test', log)
  const started = createComparisonQueue({ redis, keys: own.keys, log }, compare, LOCK_MS)
  workers.push({ queue: started, redis })
  started.start()
  return started
}

async function storeProblem(tenant = 'alice'): Promise<string> {
  const now = new Date().toISOString()
  const about: StoredProblem = {
    id: uuid(),
    name: 'Sum',
    tests: 1,
    groups: [],
    points: 1,
    bytes: 1,
    version: 1,
    format: 'folder',
    submissions: 0,
    createdAt: now,
    updatedAt: now,
  }
  expect(await problems.put(tenant, about, {})).toBe(true)
  return about.id
}

async function begin(problem: string, tenant = 'alice', createdAt = new Date().toISOString()) {
  const view = { id: uuid(), state: 'queued', progress: null, compared: 0, createdAt, finishedAt: null } as const
  const found = await comparisons.begin({ tenant, problem, view })
  if (found && found !== 'full') await queue.add('compare', { problem }, { jobId: found.view.id })
  return found
}
const stateOf = async (problem: string) => (await comparisons.read(problem))?.view.state

/** Comparisons that go on until they are let go. */
function held() {
  const begun: string[] = []
  const going = new Map<string, () => void>()
  const compare: Compare = async ({ problem }, tell, checkGoesOn) => {
    begun.push(problem)
    tell({ step: 'reading', done: begun.length, total: 9 })
    let isFree = false
    going.set(problem, () => (isFree = true))
    while (!isFree) {
      await new Promise((resolve) => setImmediate(resolve))
      checkGoesOn()
    }
    const place = { path: 'a', from: 1, to: 2 }
    const pair = {
      language: 'c',
      first: uuid(),
      second: uuid(),
      similarity: 1,
      parts: [{ first: place, second: place }],
    }
    return { compared: 2, pairs: [pair] }
  }
  return { begun, compare, free: (problem: string) => going.get(problem)?.() }
}

test('a worker makes one comparison at a time, says how far it is, and keeps what it found for a while', async () => {
  const [first, second] = [await storeProblem(), await storeProblem()]
  const { begun, compare, free } = held()
  await begin(first)
  await begin(second)
  startWorker(compare)
  await eventually(
    'the first says how far it is',
    async () => (await comparisons.read(first))?.view.progress?.done === 1,
  )
  expect([await stateOf(first), await stateOf(second)]).toEqual(['running', 'queued'])
  expect(begun).toEqual([first])
  free(first)
  await eventually('the second has begun', () => begun.length === 2)
  expect(await comparisons.read(first)).toMatchObject({ view: { state: 'finished', progress: null, compared: 2 } })
  expect(await comparisons.readWithPairs(first)).toMatchObject({
    record: { view: { state: 'finished' } },
    pairs: [{ language: 'c', similarity: 1 }],
  })
  const seconds = await own.redis.ttl(own.keys.problemSimilarity(first))
  expect(seconds).toBeGreaterThan(6 * 24 * 3600)
  free(second)
  await eventually('the second has finished', async () => (await stateOf(second)) === 'finished')
})

test('another worker goes on with what a closing one had begun, and no attempt counts for that', async () => {
  const problem = await storeProblem()
  const [one, other] = [held(), held()]
  await begin(problem)
  for (let closed = 0; closed < 4; closed++) {
    const before = one.begun.length
    const worker = startWorker(one.compare)
    await eventually('it has begun', () => one.begun.length > before)
    await worker.close()
    expect(await stateOf(problem)).toBe('running')
  }
  startWorker(other.compare)
  await eventually('it has begun again', () => other.begun.length === 1)
  other.free(problem)
  await eventually('it has finished', async () => (await stateOf(problem)) === 'finished')
})

test('a comparison that fails each time is failed, and another can be begun', async () => {
  const problem = await storeProblem()
  let tries = 0
  startWorker(async () => {
    tries++
    throw new Error('broken')
  })
  const first = await begin(problem)
  await eventually('it has failed', async () => (await stateOf(problem)) === 'failed')
  expect(tries).toBe(3)
  const second = await begin(problem)
  expect(second).not.toEqual(first)
  expect(second).toMatchObject({ view: { state: 'queued' } })
  await eventually('it has failed, too', async () => (await stateOf(problem)) === 'failed')
})

test('deleting the problem ends its comparison, and nothing is written of it any more', async () => {
  const [problem, next] = [await storeProblem(), await storeProblem()]
  const { begun, compare, free } = held()
  await begin(problem)
  startWorker(compare)
  await eventually('it has begun', () => begun.length === 1)
  expect(await problems.remove('alice', problem)).toBe(true)
  expect(await comparisons.read(problem)).toBeUndefined()
  await begin(next)
  // The worker has come to the next, so it is done with this one.
  await eventually('the next has begun', () => begun.length === 2)
  free(next)
  await eventually('the next has finished', async () => (await stateOf(next)) === 'finished')
  expect(await own.redis.exists(own.keys.problemSimilarity(problem))).toBe(0)
  expect(await begin(problem)).toBeUndefined()
})

test('another worker takes over from one that is gone, which cannot write any more of what is over', async () => {
  const problem = await storeProblem()
  const [one, other] = [held(), held()]
  await begin(problem)
  startWorker(one.compare)
  await eventually('it is running', async () => (await stateOf(problem)) === 'running')
  const record = (await comparisons.read(problem))!
  // Nothing of it reaches Redis any more. One whose connection has ended tries again for seconds, also after it was closed.
  const { stream } = workers[0]!.redis
  stream.cork()
  stream.pause()
  startWorker(other.compare)
  await eventually('the other has begun', () => other.begun.length === 1)
  other.free(problem)
  await eventually('it has finished', async () => (await stateOf(problem)) === 'finished')
  expect(await comparisons.update(record)).toBe(false)
  expect(await comparisons.update({ ...record, view: { ...record.view, state: 'failed' } })).toBe(false)
  const { view } = (await comparisons.read(problem))!
  one.free(problem)
  stream.uncork()
  stream.resume()
  await workers[0]!.queue.close()
  expect((await comparisons.read(problem))?.view).toEqual(view)
})

test('a change of step is told at once', async () => {
  const problem = await storeProblem()
  let isFree = false
  await begin(problem)
  startWorker(async (_of, tell, checkGoesOn) => {
    tell({ step: 'reading', done: 0, total: 1 })
    tell({ step: 'comparing', done: 0, total: 1 })
    while (!isFree) {
      await new Promise((resolve) => setImmediate(resolve))
      checkGoesOn()
    }
    return { compared: 1, pairs: [] }
  })
  await eventually('it says so', async () => (await comparisons.read(problem))?.view.progress?.step === 'comparing')
  isFree = true
  await eventually('it has finished', async () => (await stateOf(problem)) === 'finished')
})

test('one that nobody decided in time has failed, is not begun, and leaves room for another', async () => {
  const problem = await storeProblem()
  const createdAt = new Date(Date.now() - UNDECIDED_MS - 1000).toISOString()
  const first = await begin(problem, 'alice', createdAt)
  expect(await comparisons.read(problem)).toMatchObject({ view: { state: 'failed', progress: null } })
  const { begun, compare, free } = held()
  const second = await begin(problem)
  expect(second).toMatchObject({ view: { state: 'queued' } })
  expect(second).not.toEqual(first)
  startWorker(compare)
  await eventually('the second has begun', () => begun.length === 1)
  free(problem)
  await eventually('it has finished', async () => (await stateOf(problem)) === 'finished')
  expect(begun).toEqual([problem])
})

test('of many pairs the least similar are kept without their parts', async () => {
  const problem = await storeProblem()
  const place = { path: `${'folder/'.repeat(30)}main.py`, from: 1, to: 2 }
  const parts = Array.from({ length: 100 }, () => ({ first: place, second: place }))
  const pairs = Array.from({ length: 100 }, (_, n) => ({
    language: 'c',
    first: uuid(),
    second: uuid(),
    similarity: 1 - n / 1000,
    parts,
  }))
  const record = await begin(problem)
  if (!record || record === 'full') throw new Error('it was not begun')
  record.view.state = 'finished'
  expect(await comparisons.update(record, pairs)).toBe(true)
  const kept = (await comparisons.readWithPairs(problem))?.pairs ?? []
  expect(kept.map(({ first }) => first)).toEqual(pairs.map(({ first }) => first))
  expect(kept[0]?.parts).toEqual(parts)
  expect(kept[99]?.parts).toEqual([])
  expect(JSON.stringify(kept).length).toBeLessThan(MAX_KEPT_BYTES + 100_000)
})

test('a second request joins the first, and a tenant has at most five under way', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => storeProblem()))
  const begun = []
  for (const id of ids.slice(0, 5)) begun.push(await begin(id))
  expect(await begin(ids[0] ?? '')).toEqual(begun[0])
  expect(await begin(ids[5] ?? '')).toBe('full')
  expect(await begin(await storeProblem('bob'), 'bob')).toMatchObject({ tenant: 'bob' })
  expect(await begin(ids[0] ?? '', 'bob')).toBeUndefined()
  await problems.remove('alice', ids[1] ?? '')
  expect(await begin(ids[5] ?? '')).toMatchObject({ problem: ids[5] })
})

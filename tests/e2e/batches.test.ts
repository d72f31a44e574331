import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { MINUTE } from '../../src/shared/limits.ts'
import { get, post } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { eventsOf } from '../support/read-events.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { withInside } from '../support/with-inside.ts'

interface Accepted {
  id: string
  jobs: string[]
  code?: string
  errors?: { pointer: string; detail: string }[]
}
interface Batch {
  id: string
  counts: Record<string, number>
  jobs: Job[]
}

let platform: TestPlatform
let batches: string
let headers: Record<string, string>
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required', WORKER_CONCURRENCY: '2', TENANT_MAX_QUEUED_JOBS: '50' })
  batches = `${platform.url}/v1/batches`
  headers = await makeKey(platform, 'alice')
})
afterAll(() => platform.close())

const bash = (code: string, more: object = {}) => ({ language: 'bash', code, ...more })
const submit = (jobs: unknown, more: Record<string, string> = {}) =>
  post<Accepted>(batches, { jobs }, { ...headers, ...more })
const untilEnded = async (id: string): Promise<Batch> => {
  for (;;) {
    const { body } = await get<Batch>(`${batches}/${id}`, headers)
    if ((body.counts['queued'] ?? 0) + (body.counts['running'] ?? 0) === 0) return body
    await sleep(50)
  }
}

/** Resolves when the job has written something: it runs from before it has a stage on. */
async function untilItWrites(id: string): Promise<void> {
  const events = await fetch(`${platform.url}/v1/jobs/${id}/events`, { headers })
  for await (const { event } of eventsOf(events)) if (event === 'stdout') return
}

test('jobs submitted in one call all run, and are read in their order', async () => {
  const { status, body, headers: answered } = await submit([bash('echo 0'), bash('exit 1'), bash('echo 2')])
  expect(status).toBe(202)
  expect(answered.get('location')).toBe(`/v1/batches/${body.id}`)
  const ended = await untilEnded(body.id)
  expect(ended.counts).toEqual({ queued: 0, running: 0, finished: 3, cancelled: 0 })
  expect(ended.jobs.map(({ id }) => id)).toEqual(body.jobs)
  expect(ended.jobs.map(({ status: ending }) => ending)).toEqual(['succeeded', 'failed', 'succeeded'])
  const single = await get<Job>(`${platform.url}/v1/jobs/${body.jobs[2] ?? ''}`, headers)
  expect(single.body.stages[0]?.stdout).toBe('2\n')
})

test('one that cannot be used refuses them all, and its place is told', async () => {
  const refused = await submit([bash('true'), bash('true', { limits: { wallMs: -1 } })])
  expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: '/jobs/1/limits/wallMs' }] } })
  const several = await submit([
    bash('true', { colour: 1 }),
    bash('true'),
    bash('true', { stdin: 1, version: '3' }),
    { language: 'nosuch' },
  ])
  expect(several.body.errors?.map(({ pointer }) => pointer)).toEqual([
    '/jobs/0/colour',
    '/jobs/2/stdin',
    '/jobs/3/language',
  ])
  expect(await submit([])).toMatchObject({ status: 422, body: { errors: [{ pointer: '/jobs' }] } })
  expect(await submit(Array.from({ length: 101 }, () => bash('true')))).toMatchObject({ status: 422 })
})

test('a batch whose gateway was killed before all were queued is completed when it is repeated', async () => {
  const key = { 'idempotency-key': 'cut-short' }
  // They take both slots, so that none of the batch begins before.
  const { body: blockers } = await submit([1, 2].map(() => bash('sleep 120', { limits: { wallMs: 2 * MINUTE } })))
  await eventually('both slots are taken', async () => {
    const { counts } = (await get<Batch>(`${batches}/${blockers.id}`, headers)).body
    return counts['running'] === 2
  })
  const jobs = ['a', 'b', 'c'].map((word) => bash(`echo ${word}`))
  const { body } = await submit(jobs, key)
  const [first = '', second = '', third = ''] = body.jobs
  // All have their records, and two are not on the queue.
  await withInside(platform, async ({ queue }) => {
    await Promise.all([second, third].map((id) => queue.remove(id)))
  })
  expect(await submit(jobs, key)).toMatchObject({ status: 202, body: { jobs: [first, second, third] } })
  await fetch(`${batches}/${blockers.id}`, { method: 'DELETE', headers })
  const ended = await untilEnded(body.id)
  expect(ended.jobs.map(({ attempt, stages }) => [attempt, stages.length])).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ])
  expect(ended.jobs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
})

test('a batch for which the queue has no room leaves nothing of it behind', async () => {
  const tenant = await makeKey(platform, 'greedy')
  const many = Array.from({ length: 100 }, () => bash('sleep 0.5'))
  const answer = await post<Accepted>(batches, { jobs: many }, tenant)
  expect(answer).toMatchObject({ status: 429, body: { code: 'tenant-queue-full' } })
  const { body } = await get<{ jobs: Job[] }>(`${platform.url}/v1/jobs?limit=100`, tenant)
  expect(body.jobs.filter(({ state }) => state === 'queued')).toEqual([])
})

test('a repeated batch is the same one', async () => {
  const key = { 'idempotency-key': 'batch-1' }
  const first = await submit([bash('echo a'), bash('echo b')], key)
  expect((await submit([bash('echo a'), bash('echo b')], key)).body).toEqual(first.body)
  expect(await submit([bash('echo a')], key)).toMatchObject({ status: 422, body: { code: 'idempotency-mismatch' } })
  await untilEnded(first.body.id)
})

test('a batch is waited for, as it is submitted and later', async () => {
  const waited = await post<Batch>(
    batches,
    { jobs: [bash('sleep 0.2'), bash('echo 1')] },
    { ...headers, prefer: 'wait=60' },
  )
  expect(waited).toMatchObject({ status: 200, body: { counts: { finished: 2, queued: 0, running: 0 } } })
  expect(waited.body.jobs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
  expect([waited.headers.get('location'), waited.headers.get('preference-applied')]).toEqual([
    `/v1/batches/${waited.body.id}`,
    'wait=60',
  ])

  const { body: slow } = await submit([bash('true'), bash('read line', { interactive: true })])
  await eventually('the first of them has ended', async () => {
    const { body } = await get<Batch>(`${batches}/${slow.id}`, headers)
    return body.jobs[0]?.status === 'succeeded'
  })
  const early = await get<Batch>(`${batches}/${slow.id}?wait=1`, headers)
  expect(early).toMatchObject({ status: 200, body: { jobs: [{ status: 'succeeded' }, { status: null }] } })
  const late = get<Batch>(`${batches}/${slow.id}?wait=60`, headers)
  await fetch(`${platform.url}/v1/jobs/${slow.jobs[1] ?? ''}`, { method: 'DELETE', headers })
  expect((await late).body.counts).toEqual({ queued: 0, running: 0, finished: 1, cancelled: 1 })
  const unended = await post<Accepted>(
    batches,
    { jobs: [bash('true', { delayMs: 60_000 })] },
    { ...headers, prefer: 'wait=1' },
  )
  expect(unended).toMatchObject({ status: 202, body: { jobs: [expect.any(String)] } })
  await fetch(`${batches}/${unended.body.id}`, { method: 'DELETE', headers })
})

test('a batch is cancelled as a whole: what waits never runs, what runs is ended, what has ended stays', async () => {
  const forever = bash('echo begun; sleep 60')
  const { body } = await submit([bash('exit 3'), forever, forever, forever, bash('true')])
  await Promise.all(body.jobs.slice(1, 3).map(untilItWrites))
  const cancel = async () => {
    const response = await fetch(`${batches}/${body.id.toUpperCase()}`, { method: 'DELETE', headers })
    return { status: response.status, body: (await response.json()) as Batch }
  }
  const cancelled = await cancel()
  expect(cancelled).toMatchObject({
    status: 200,
    body: { counts: { queued: 0, running: 0, finished: 1, cancelled: 4 } },
  })
  expect(cancelled.body.jobs.map(({ status, stages }) => [status, stages.length])).toEqual([
    ['failed', 1],
    ['cancelled', 1],
    ['cancelled', 1],
    ['cancelled', 0],
    ['cancelled', 0],
  ])
  expect(await cancel()).toEqual(cancelled)
})

test('to others there is no such batch', async () => {
  const { body } = await submit([bash('true')])
  const other = await makeKey(platform, 'bob')
  expect((await get(`${batches}/${body.id}`, other)).status).toBe(404)
  expect((await fetch(`${batches}/${body.id}`, { method: 'DELETE', headers: other })).status).toBe(404)
  expect((await get(`${batches}/nosuch`, headers)).status).toBe(404)
  await untilEnded(body.id)
})

test('a batch costs as many submissions as it has jobs', async () => {
  const limited = await makeKey(platform, 'limited', { rate: { perMinute: 1, burst: 5 } })
  const jobs = (count: number) => ({ jobs: Array.from({ length: count }, () => bash('true')) })
  expect((await post(batches, jobs(3), limited)).status).toBe(202)
  expect(await post(batches, jobs(3), limited)).toMatchObject({ status: 429, body: { code: 'rate-limited' } })
  expect((await post(batches, jobs(1), limited)).status).toBe(202)
})

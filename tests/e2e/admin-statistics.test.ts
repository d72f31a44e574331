import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { QueueView, Series } from '../../src/shared/admin-overview.ts'
import type { Job, Status } from '../../src/shared/job.ts'
import type { WorkerInfo } from '../../src/shared/redis/worker-registry.ts'
import { get, post, runJob } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

/** What the dashboard says, held to what was done. */

let platform: TestPlatform
let admin: { authorization: string }
beforeAll(async () => {
  platform = await startPlatform({ WORKER_CONCURRENCY: '1' })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
})
afterAll(() => platform.close())

interface Overview {
  queue: QueueView
  slots: number
  pool: { ready: number; bound: number; lent: number; making: number }
  workers: WorkerInfo[]
  redis: { version: string; usedMemoryBytes: number }
}
const overview = async () => (await get<Overview>(`${platform.url}/v1/admin/overview`, admin)).body
const series = async () => (await get<Series>(`${platform.url}/v1/admin/series`, admin)).body

/** Asks until it is so; what is counted is told within about a second. */
const until = <T extends object>(what: string, ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> =>
  eventually(what, async () => {
    const answer = await ask()
    return isSo(answer) ? answer : undefined
  })

const LOAD: { request: Record<string, unknown>; status: Status }[] = [
  ...Array.from({ length: 12 }, () => ({ request: { code: 'echo ok' }, status: 'succeeded' as const })),
  ...Array.from({ length: 5 }, () => ({ request: { code: 'exit 7' }, status: 'failed' as const })),
  ...Array.from({ length: 3 }, () => ({ request: { code: 'kill -SEGV $$' }, status: 'signalled' as const })),
  ...Array.from({ length: 2 }, () => ({
    request: { code: 'sleep 9', limits: { wallMs: 300 } },
    status: 'wall-time-limit' as const,
  })),
  ...Array.from({ length: 4 }, () => ({
    request: { code: 'echo 1', expectedOutput: '2' },
    status: 'wrong-answer' as const,
  })),
]

test('outcomes, latencies and waits are those of the jobs that ran', async () => {
  const jobs: Job[] = []
  for (const { request, status } of LOAD) {
    const job = await runJob(platform.url, { language: 'bash', ...request })
    expect(job.status).toBe(status)
    jobs.push(job)
  }
  const { total, points } = await until(
    'all jobs are counted',
    series,
    ({ total: { jobs: count } }) => count >= LOAD.length,
  )
  const expected: Partial<Record<Status, number>> = {}
  for (const { status } of LOAD) expected[status] = (expected[status] ?? 0) + 1
  expect(total.outcomes).toEqual(expected)
  expect(total.jobs).toBe(LOAD.length)
  expect(points.reduce((sum, { jobs: count }) => sum + count, 0)).toBe(LOAD.length)

  const times = (from: (job: Job) => number, to: (job: Job) => number) =>
    jobs.map((job) => Math.max(1, to(job) - from(job))).sort((a, b) => a - b)
  const at = (text: string | null) => Date.parse(text ?? '')
  const latencies = times(
    (job) => at(job.createdAt),
    (job) => at(job.finishedAt),
  )
  const waits = times(
    (job) => at(job.createdAt),
    (job) => at(job.startedAt),
  )
  const quantile = (sorted: number[], share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  for (const [told, truth] of [
    [total.latencyMs.p50, quantile(latencies, 0.5)],
    [total.latencyMs.p95, quantile(latencies, 0.95)],
    [total.waitMs.p50, quantile(waits, 0.5)],
    [total.waitMs.p95, quantile(waits, 0.95)],
  ] as const) {
    // Half a bin, and what is told is rounded to tenths.
    expect(Math.abs((told ?? 0) - truth)).toBeLessThan(0.025 * truth + 0.06)
  }
  // In which ten seconds each ended.
  for (const point of points) {
    const begin = Date.parse(point.at)
    const ended = jobs.filter(({ finishedAt }) => at(finishedAt) >= begin && at(finishedAt) < begin + 10_000)
    expect([point.at, point.jobs]).toEqual([point.at, ended.length])
  }
})

test('the queue, slots, sandboxes and workers are those there are', async () => {
  const before = (await series()).total.jobs
  const submit = async (priority: string) =>
    (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'sleep 60', priority })).body.id
  const running = await submit('normal')
  await until('the job runs', overview, ({ queue }) => queue.running === 1)
  const waiting = await Promise.all(['high', 'normal', 'normal', 'low', 'low', 'low'].map(submit))
  const delayed = await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'echo', delayMs: 100_000 })
  // A heartbeat may fall between the start of a job and that it has its sandbox.
  const seen = await until(
    'the delayed job and the sandbox of the other are counted',
    overview,
    ({ queue, workers, pool }) => queue.delayed === 1 && workers[0]?.load?.jobs === 1 && pool.lent === 1,
  )
  expect(seen.queue).toMatchObject({ queued: 6, delayed: 1, running: 1 })
  expect(seen.queue.priorities).toMatchObject([
    { priority: 'high', queued: 1 },
    { priority: 'normal', queued: 2 },
    { priority: 'low', queued: 3 },
  ])
  for (const { longestWaitMs } of seen.queue.priorities) {
    expect(longestWaitMs).toBeGreaterThan(0)
    expect(longestWaitMs).toBeLessThan(200_000)
  }
  expect(seen.slots).toBe(1)
  expect(seen.pool.lent).toBe(1)
  expect(seen.workers).toMatchObject([{ pid: process.pid, slots: 1, engine: 'up', load: { jobs: 1 } }])
  expect(Date.now() - Date.parse(seen.workers[0]?.heartbeatAt ?? '')).toBeLessThan(60_000)
  expect(seen.redis.version).toMatch(/^\d+\.\d+\.\d+$/)
  expect(seen.redis.usedMemoryBytes).toBeGreaterThan(500_000)

  // Those that never ran are outcomes, and have no latency.
  for (const id of [...waiting, delayed.body.id, running]) {
    await fetch(`${platform.url}/v1/admin/jobs/${id}`, { method: 'DELETE', headers: admin })
  }
  const { total } = await until('the cancelled jobs are counted', series, ({ total: { jobs } }) => jobs >= before + 8)
  expect([total.jobs, total.outcomes.cancelled]).toEqual([before + 8, 8])
  expect((await until('no job runs', overview, ({ queue }) => queue.running === 0)).queue).toMatchObject({
    queued: 0,
    delayed: 0,
    running: 0,
  })
})

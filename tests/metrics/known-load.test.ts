import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Job, STATUSES } from '../../src/shared/job.ts'
import { answering, type Receiver, startReceiver } from '../worker/webhooks/receiver.ts'
import { get, post, runJob } from '../support/client.ts'
import { requestOfToday, sendMessage } from '../support/mcp-client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { promtool } from './promtool.ts'
import { queries } from './queries.ts'
import { type Sample, scrape, total } from './scrape.ts'
import { eventually } from '../support/eventually.ts'

/** A load that is known, and what the metrics say of it. */

let platform: TestPlatform
let receiver: Receiver
let prometheus: Prometheus
let gateway: Sample[]
let worker: Sample[]
/** Every job there was, as its owner reads it. */
let jobs: Job[]
let jobsUrl: string
const blockedCode = 'import os\nos.system("rm -rf /")'
const requestsMade = new Map<string, number>()
const made = (key: string) => requestsMade.set(key, (requestsMade.get(key) ?? 0) + 1)

beforeAll(async () => {
  platform = await startPlatform({
    METRICS_PORT: '0',
    WORKER_METRICS_PORT: '0',
    WORKER_CONCURRENCY: '2',
    WEBHOOK_ALLOW: '127.0.0.0/8',
    KILL_GRACE_MS: '200',
    TENANT_MAX_QUEUED_JOBS: '20',
  })
  jobsUrl = `${platform.url}/v1/jobs`
  receiver = await startReceiver()
  const { gateway: one, worker: other } = platform.metricsUrls
  prometheus = await startPrometheus({ gateway: new URL(one).host, worker: new URL(other).host })
  await drive()
  const list = await get<{ jobs: { id: string }[] }>(`${jobsUrl}?limit=100`)
  made('GET /v1/jobs 200')
  jobs = []
  for (const { id } of list.body.jobs) jobs.push((await get<Job>(`${jobsUrl}/${id}?wait=60`)).body)
  // First: what a worker has still to store, the gateway would tell as waiting.
  worker = await settled(
    platform.metricsUrls.worker,
    (samples) =>
      total(samples, 'runyard_worker_slots_busy') === 0 &&
      total(samples, 'runyard_webhook_deliveries_total') === 2 &&
      living(samples) === poolSize(samples),
  )
  gateway = await settled(platform.metricsUrls.gateway, (samples) => inFlight(samples) === 0)
})
afterAll(async () => {
  await prometheus.close()
  await platform.close()
  await receiver.close()
})

const inFlight = (samples: readonly Sample[]) => total(samples, 'runyard_http_requests_in_flight')
/** One that leaves the pool is counted once it is gone. */
const living = (samples: readonly Sample[]) =>
  total(samples, 'runyard_sandboxes_created_total') - total(samples, 'runyard_sandboxes_retired_total')
const poolSize = (samples: readonly Sample[]) =>
  ['ready', 'bound', 'lent'].reduce((sum, state) => sum + total(samples, 'runyard_sandboxes', { state }), 0)

/** What is exposed, once it is so. */
async function settled(url: string, is: (samples: readonly Sample[]) => boolean): Promise<Sample[]> {
  return eventually(String(is), async () => {
    const samples = await scrape(url)
    return is(samples) ? samples : undefined
  })
}

async function drive(): Promise<void> {
  const { message, headers } = requestOfToday('tools/call', { name: 'list_languages', arguments: {} })
  expect((await sendMessage(platform.url, message, headers)).status).toBe(200)
  const run = async (request: Record<string, unknown>) => {
    made('POST /v1/jobs 200')
    return runJob(platform.url, request)
  }
  for (let i = 0; i < 3; i++) await run({ language: 'python', code: 'print("x" * 10)' })
  for (let i = 0; i < 2; i++) await run({ language: 'bash', code: 'echo err >&2; exit 3' })
  await run({ language: 'bash', code: 'kill -KILL $$', priority: 'high' })
  await run({ language: 'javascript', code: 'while (true) {}', limits: { wallMs: 300 } })
  await run({ language: 'bash', code: 'cat', expectedOutput: 'other', stdin: 'this', priority: 'low' })
  await run({ language: 'bash', code: 'cat', tests: [{ stdin: 'a' }, { stdin: 'b' }] })
  const batch = await post<{ id: string }>(`${platform.url}/v1/batches`, {
    jobs: [
      { language: 'bash', code: 'true' },
      { language: 'python', code: '1' },
    ],
  })
  expect(batch.status).toBe(202)
  // The end of each is told; one receiver wants no more.
  receiver.behave(answering(204))
  await run({ language: 'bash', code: 'true', webhook: { url: receiver.url } })
  await eventually('a delivery has come', () => receiver.requests.length >= 1)
  receiver.behave(answering(410))
  await run({ language: 'bash', code: 'true', webhook: { url: receiver.url } })
  // Cancelled before it ran, and while it did.
  const later = await post<Job>(jobsUrl, { language: 'bash', code: 'true', delayMs: 60_000 })
  await fetch(`${jobsUrl}/${later.body.id}`, { method: 'DELETE' })
  const forever = await post<Job>(jobsUrl, { language: 'bash', code: 'while true; do sleep 1; done' })
  await eventually(
    'the job runs',
    async () => (await get<Job>(`${jobsUrl}/${forever.body.id}`)).body.state === 'running',
  )
  await fetch(`${jobsUrl}/${forever.body.id}`, { method: 'DELETE' })
  // Submitted twice under one key.
  const again = { 'idempotency-key': 'once' }
  for (let i = 0; i < 2; i++)
    await post(jobsUrl, { language: 'bash', code: 'echo once' }, { ...again, prefer: 'wait=30' })
  // Refused: by screening, by the queue, as no job.
  expect((await post(jobsUrl, { language: 'python', code: blockedCode })).status).toBe(403)
  const delayed = Array.from({ length: 21 }, () => ({ language: 'bash', code: 'true', delayMs: 60_000 }))
  expect((await post(`${platform.url}/v1/batches`, { jobs: delayed })).status).toBe(429)
  expect((await post(jobsUrl, { language: 'bash' })).status).toBe(422)
  expect((await get(`${platform.url}/nowhere`)).status).toBe(404)
  // A job that is a container.
  const container = { image: 'bash', command: ['bash', '-c', 'echo contained'] }
  expect((await post(`${platform.url}/api/containers/create`, container)).status).toBe(200)
}

describe('jobs', () => {
  test.each(STATUSES)('that ended as %s are as many by runtime as there were', (status) => {
    for (const runtime of ['python', 'bash', 'javascript', 'container']) {
      const ofRuntime = jobs.filter((job) => (job.language ?? 'container') === runtime)
      const truth = ofRuntime.filter((job) => job.status === status).length
      const told = total([...gateway, ...worker], 'runyard_jobs_finished_total', { runtime, status })
      expect({ runtime, told }).toEqual({ runtime, told: truth })
    }
  })

  test('the load was what it was meant to be', () => {
    const statuses = new Set(jobs.map(({ status }) => status))
    for (const status of [
      'succeeded',
      'failed',
      'signalled',
      'wall-time-limit',
      'wrong-answer',
      'cancelled',
    ] as const) {
      expect(statuses).toContain(status)
    }
    expect(jobs.every(({ status }) => status !== null)).toBe(true)
  })

  test('took as many attempts, stages and bytes as their records say', () => {
    const ran = jobs.filter(({ attempt }) => attempt > 0)
    expect(total(worker, 'runyard_job_attempts_total')).toBe(jobs.reduce((sum, { attempt }) => sum + attempt, 0))
    expect(total(worker, 'runyard_job_duration_seconds_count')).toBe(ran.length)
    expect(total(worker, 'runyard_job_turnaround_seconds_count')).toBe(ran.length)
    const stages = ran.flatMap((job) => job.stages)
    expect(total(worker, 'runyard_stage_duration_seconds_count', { stage: 'test' })).toBe(2)
    expect(total(worker, 'runyard_stage_duration_seconds_count')).toBe(stages.length)
    const wall = stages.reduce((sum, { wallMs }) => sum + wallMs, 0) / 1000
    expect(total(worker, 'runyard_stage_duration_seconds_sum')).toBeCloseTo(wall, 6)
    for (const [stream, bytes] of [
      ['stdout', 'stdoutBytes'],
      ['stderr', 'stderrBytes'],
    ] as const) {
      const truth = stages.reduce((sum, stage) => sum + stage[bytes], 0)
      expect(total(worker, 'runyard_output_bytes_total', { stream })).toBe(truth)
    }
  })

  test('waited as many by priority', () => {
    const waited = (priority: string) => total(worker, 'runyard_job_queue_wait_seconds_count', { priority })
    const ran = jobs.filter(({ attempt }) => attempt > 0).length
    expect([waited('low'), waited('normal'), waited('high')]).toEqual([1, ran - 2, 1])
  })

  test('had a result event each', () => {
    const results = total(worker, 'runyard_events_published_total', { type: 'result' })
    expect(results).toBe(jobs.filter(({ attempt }) => attempt > 0).length)
  })
})

describe('the gateway', () => {
  test('tells of submissions by their outcome', () => {
    const told = (outcome: string) => total(gateway, 'runyard_submissions_total', { outcome })
    expect(told('accepted')).toBe(jobs.length)
    expect([told('replayed'), told('blocked'), told('refused')]).toEqual([1, 1, 21])
    expect(total(gateway, 'runyard_refused_jobs_total', { bound: 'tenant-delayed' })).toBe(21)
    expect(total(gateway, 'runyard_refused_jobs_total')).toBe(21)
  })

  test('tells of requests by route and status, and that none is left', () => {
    const told = (labels: Record<string, string>) =>
      total(gateway, 'runyard_http_request_duration_seconds_count', labels)
    const jobsRoute = { method: 'POST', route: '/v1/jobs' }
    // Those that waited for their job, and the one that was sent once more under its key.
    expect(told({ ...jobsRoute, status: '200', long_lived: 'yes' })).toBe(requestsMade.get('POST /v1/jobs 200')! + 2)
    expect(told({ ...jobsRoute, status: '202', long_lived: 'no' })).toBe(2)
    expect(told({ ...jobsRoute, status: '403' })).toBe(1)
    expect(told({ ...jobsRoute, status: '422' })).toBe(1)
    expect(told({ method: 'POST', route: '/v1/batches', status: '202' })).toBe(1)
    expect(told({ method: 'POST', route: '/v1/batches', status: '429' })).toBe(1)
    expect(told({ method: 'DELETE', route: '/v1/jobs/:id' })).toBe(2)
    expect(told({ route: 'none', status: '404' })).toBe(1)
    expect(inFlight(gateway)).toBe(0)
  })

  test('tells of what screening found, and of every decision of the rate limit', () => {
    expect(total(gateway, 'runyard_screening_findings_total', { severity: 'block' })).toBe(1)
    const decided = total(gateway, 'runyard_rate_limit_decisions_total')
    const passed = total(gateway, 'runyard_rate_limit_decisions_total', { outcome: 'passed', decided_by: 'redis' })
    expect(passed).toBe(decided)
    // A batch takes once for itself and once for the rest of its jobs; the path that is none takes too.
    const requests = total(gateway, 'runyard_http_request_duration_seconds_count')
    expect(decided).toBe(requests + 2)
    const screened = (policy: string) => total(gateway, 'runyard_screening_duration_seconds_count', { policy })
    // One by a route of the seed; of the others those that were accepted, repeated, blocked, refused, and the one without a source.
    expect(screened('strict')).toBe(1)
    expect(screened('standard')).toBe(jobs.length - 1 + 1 + 1 + 21 + 1)
  })

  test('tells how the installation stands', () => {
    expect(total(gateway, 'runyard_workers', { engine: 'up' })).toBe(1)
    expect(total(gateway, 'runyard_slots')).toBe(2)
    expect(total(gateway, 'runyard_stored_jobs')).toBe(jobs.length)
    for (const name of ['queued_jobs', 'delayed_jobs', 'running_jobs', 'webhooks_pending', 'waiting_bytes']) {
      expect({ name, value: total(gateway, `runyard_${name}`) }).toEqual({ name, value: 0 })
    }
    expect(total(gateway, 'runyard_redis_up')).toBe(1)
    expect(total(gateway, 'runyard_redis_used_bytes')).toBeGreaterThan(1e5)
  })
})

describe('the worker', () => {
  test('tells of webhooks that arrived and of one that never will', () => {
    expect(total(worker, 'runyard_webhook_deliveries_total', { state: 'succeeded' })).toBe(1)
    expect(total(worker, 'runyard_webhook_deliveries_total', { state: 'failed' })).toBe(1)
    expect(total(worker, 'runyard_webhook_attempt_duration_seconds_count', { result: '2xx' })).toBe(1)
    expect(total(worker, 'runyard_webhook_attempt_duration_seconds_count', { result: '4xx' })).toBe(1)
  })

  test('tells of its slots, its engine and its pool, whose books balance', () => {
    const one = (name: string, labels = {}) => total(worker, `runyard_${name}`, labels)
    expect(one('worker_slots')).toBe(2)
    expect(one('engine_up')).toBe(1)
    expect(living(worker)).toBe(poolSize(worker))
    expect(one('sandbox_acquire_seconds_count')).toBe(jobs.filter(({ attempt }) => attempt > 0).length)
    expect(one('sandbox_start_seconds_count')).toBeGreaterThanOrEqual(one('sandboxes_created_total'))
  })
})

test.each(['gateway', 'worker'] as const)('the text of the %s is as Prometheus wants it', async (who) => {
  const text = await (await fetch(platform.metricsUrls[who])).text()
  expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, output: '' })
})

describe('Prometheus with the configuration that comes with it', () => {
  test.each(queries().filter(({ isShown }) => isShown))(
    'has something to show for: $where ($expr)',
    async ({ expr }) => {
      const query = expr.replaceAll('$__rate_interval', '1m')
      // Until the last of the load has been scraped.
      expect(await eventually('it has something to show', () => prometheus.series(query))).toBeGreaterThan(0)
    },
  )

  test('tells of the delivery that was given up, and of nothing that is not so', async () => {
    while (!(await prometheus.firing()).includes('RunyardWebhookDeadLetters')) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const firing = await prometheus.firing()
    // How fast this machine is today is another matter.
    const others = firing.filter((name) => !/Burn$|Slow$|^RunyardWebhookDeadLetters$/.test(name))
    expect(others).toEqual([])
  })
})

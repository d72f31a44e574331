import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parseInfo } from '../../src/api/metrics/installation.ts'
import { post } from '../support/client.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { type Sample, scrape, total } from './scrape.ts'
import { eventually } from '../support/eventually.ts'

/** What waits, where no worker takes it. */

let gateway: LoneGateway
let admin: { authorization: string }
beforeAll(async () => {
  gateway = await startLoneGateway({
    AUTH: 'required',
    MAX_QUEUED_JOBS: '20',
    TENANT_MAX_QUEUED_JOBS: '8',
    TENANT_MAX_OPEN_STREAMS: '5',
  })
  admin = (await gateway.makeKey('ops', { scopes: ['admin'] })).headers
})
afterAll(() => gateway.close())

const read = (): Promise<Sample[]> => scrape(`${gateway.url}/metrics`, admin)
const JOB = { language: 'bash', code: 'true' }

test('jobs that wait are told by priority, over all tenants', async () => {
  const alice = (await gateway.makeKey('alice')).headers
  const bob = (await gateway.makeKey('bob')).headers
  const submit = (key: Record<string, string>, more: object) =>
    post<{ id: string }>(`${gateway.url}/v1/jobs`, { ...JOB, ...more }, key)
  const first = await submit(alice, { priority: 'low' })
  for (let i = 0; i < 3; i++) await submit(alice, {})
  for (let i = 0; i < 2; i++) await submit(bob, { priority: 'high' })
  await submit(bob, { priority: 'low' })
  await submit(bob, { delayMs: 60_000 })
  const samples = await read()
  const waiting = (priority: string) => total(samples, 'runyard_queued_jobs', { priority })
  expect([waiting('low'), waiting('normal'), waiting('high'), waiting('unknown')]).toEqual([2, 3, 2, 0])
  expect(total(samples, 'runyard_delayed_jobs')).toBe(1)
  expect(total(samples, 'runyard_waiting_tenants')).toBe(2)
  expect(total(samples, 'runyard_waiting_bytes')).toBeGreaterThan(8 * 2000)
  expect(total(samples, 'runyard_workers')).toBe(0)
  expect(total(samples, 'runyard_bullmq_jobs', { queue: 'jobs', state: 'prioritized' })).toBe(7)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  expect(total(await read(), 'runyard_oldest_queued_seconds')).toBeGreaterThan(1)

  // One that is cancelled waits no more, and ends here.
  await fetch(`${gateway.url}/v1/jobs/${first.body.id}`, { method: 'DELETE', headers: alice })
  const after = await read()
  expect(total(after, 'runyard_queued_jobs', { priority: 'low' })).toBe(1)
  expect(total(after, 'runyard_jobs_finished_total', { runtime: 'bash', status: 'cancelled' })).toBe(1)
})

test('what is refused is told by what was full', async () => {
  const carol = (await gateway.makeKey('carol')).headers
  const erin = (await gateway.makeKey('erin')).headers
  const submit = async (jobs: number, more: object = {}, key = carol) => {
    const answer = await post(
      `${gateway.url}/v1/batches`,
      { jobs: Array.from({ length: jobs }, () => ({ ...JOB, ...more })) },
      key,
    )
    return answer.status
  }
  const bound = async () => {
    const samples = await read()
    const told = ['queued', 'tenant-queued', 'tenant-delayed', 'delayed'].map((name) =>
      total(samples, 'runyard_refused_jobs_total', { bound: name }),
    )
    return told
  }
  // More than its tenant may have waiting; then more than all may.
  expect(await submit(9)).toBe(429)
  expect(await bound()).toEqual([0, 9, 0, 0])
  expect(await submit(8, {}, erin)).toBe(202)
  expect(await submit(7)).toBe(503)
  expect(await bound()).toEqual([7, 9, 0, 0])
  expect(await submit(10, { delayMs: 60_000 })).toBe(429)
  expect(await bound()).toEqual([7, 9, 10, 0])
})

test('requests that stay open are told while they do, by their route', async () => {
  const dave = (await gateway.makeKey('dave')).headers
  const { body } = await post<{ id: string }>(`${gateway.url}/v1/jobs`, JOB, dave)
  const ends = new AbortController()
  const route = '/v1/jobs/:id/events'
  const open = async () => total(await read(), 'runyard_http_requests_in_flight', { route })
  await Promise.all(
    [1, 2, 3].map(() => fetch(`${gateway.url}/v1/jobs/${body.id}/events`, { headers: dave, signal: ends.signal })),
  )
  expect(await open()).toBe(3)
  ends.abort()
  await eventually('no stream is open', async () => (await open()) <= 0)
  const samples = await read()
  expect(
    total(samples, 'runyard_http_request_duration_seconds_count', {
      route,
      status: '200',
      long_lived: 'yes',
      held: 'yes',
    }),
  ).toBe(3)
  expect(total(samples, 'runyard_http_request_duration_seconds_count', { route, long_lived: 'no' })).toBe(0)
})

test('an address that probes paths and methods makes no new labels', async () => {
  for (let i = 0; i < 20; i++) await fetch(`${gateway.url}/probe-${i}/v1/jobs`, { headers: admin })
  const { headers } = await gateway.makeKey('mallory')
  await fetch(`${gateway.url}/v1/jobs/${'x'.repeat(50)}`, { method: 'PROPFIND', headers })
  const id = '01999999-9999-7999-8999-999999999999'
  for (const path of ['', 'api/queues', `queue/jobs/${id}`]) {
    await fetch(`${gateway.url}/admin/queues/${path}`, { headers: admin })
  }
  const expected = ['GET none', 'other /v1/jobs/:id', 'GET /admin/queues/static/:path|/api/:path']
  const labels = await eventually('the last of these requests are counted', async () => {
    const counts = (await read()).filter(({ name }) => name === 'runyard_http_request_duration_seconds_count')
    const found = counts.map(({ labels: one }) => `${one['method']} ${one['route']}`)
    return expected.every((label) => found.includes(label)) ? found : undefined
  })
  expect(labels.filter((text) => /probe|xxx|PROPFIND|01999999/.test(text))).toEqual([])
})

test('what Redis says of itself is read, whatever it leaves out', () => {
  const text = [
    '# Memory',
    'used_memory:1000',
    'maxmemory:0',
    'total_system_memory:8000',
    'aof_last_write_status:ok',
    'rdb_last_bgsave_status:err',
  ]
  expect(parseInfo(text.join('\r\n'))).toEqual({
    usedBytes: 1000,
    boundBytes: 8000,
    isPersisting: false,
    clients: undefined,
  })
  expect(parseInfo('used_memory:1\r\nmaxmemory:2\r\ntotal_system_memory:3\r\nrdb_last_bgsave_status:ok')).toMatchObject(
    { boundBytes: 2, isPersisting: true },
  )
  expect(parseInfo('')).toEqual({
    usedBytes: undefined,
    boundBytes: undefined,
    isPersisting: undefined,
    clients: undefined,
  })
})

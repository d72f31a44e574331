import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import type { TenantJob } from '../../src/shared/redis/job-list.ts'
import type { StoredSecurityEvent } from '../../src/shared/security/security-event.ts'
import { get, post, runJob } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { eventsOf, textOf } from '../support/read-events.ts'
import { withInside } from '../support/with-inside.ts'

let platform: TestPlatform
let admin: { authorization: string }
let acme: { authorization: string }
let other: { authorization: string }
beforeAll(async () => {
  platform = await startPlatform({ WORKER_CONCURRENCY: '1' })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
  acme = await makeKey(platform, 'acme')
  other = await makeKey(platform, 'other', { scopes: ['jobs', 'containers'] })
})
afterAll(() => platform.close())

const url = (path: string) => `${platform.url}${path}`
type Page = { jobs: TenantJob[]; next: string | null }
type AdminJob = Job & { tenant: string; canRunAgain: boolean }

async function run(headers: { authorization: string }, request: Record<string, unknown>): Promise<Job> {
  const { status, body } = await post<Job>(url('/v1/jobs'), request, { ...headers, prefer: 'wait=60' })
  expect(status).toBe(200)
  return body
}
const list = async (query = '') => (await get<Page>(url(`/v1/admin/jobs${query}`), admin)).body
const lastEvent = async () =>
  (await get<{ events: StoredSecurityEvent[] }>(url('/v1/admin/security-events?limit=1'), admin)).body.events[0]

describe('an operator', () => {
  let first: Job
  let second: Job
  beforeAll(async () => {
    first = await run(acme, {
      language: 'python',
      code: 'import sys; print("from acme", sys.stdin.read(), end="")',
      stdin: 'in',
      metadata: { a: 1 },
    })
    second = await run(other, { language: 'bash', code: 'echo from other >&2; exit 3' })
  })

  test('lists the jobs of all tenants, newest first, and narrows the list', async () => {
    const all = await list()
    expect(all.jobs.slice(0, 2)).toMatchObject([
      { id: second.id, tenant: 'other', status: 'failed' },
      { id: first.id, tenant: 'acme', status: 'succeeded' },
    ])
    for (const [query, ids] of [
      ['?tenant=acme', [first.id]],
      ['?status=failed', [second.id]],
      ['?language=python', [first.id]],
      ['?state=running', []],
      [`?id=${first.id}`, [first.id]],
      [`?id=${first.id}&tenant=other`, []],
      [`?id=${first.id.slice(0, 8)}&language=bash`, [second.id].filter((id) => id.startsWith(first.id.slice(0, 8)))],
    ] as const) {
      const page = await list(query)
      expect([query, page.jobs.map(({ id }) => id), page.next]).toEqual([query, ids, null])
    }
    const pageOne = await list('?limit=1')
    const pageTwo = await list(`?limit=1&cursor=${pageOne.next}`)
    expect([...pageOne.jobs, ...pageTwo.jobs].map(({ id }) => id)).toEqual([second.id, first.id])
  })

  test('reads a job of any tenant with its output, and its events', async () => {
    const { body } = await get<AdminJob>(url(`/v1/admin/jobs/${first.id}`), admin)
    expect(body).toMatchObject({ tenant: 'acme', canRunAgain: true, stages: [{ stdout: 'from acme in' }] })
    expect(JSON.stringify(body)).not.toContain('import sys')
    const events = []
    const stream = await fetch(url(`/v1/admin/jobs/${second.id}/events`), { headers: admin })
    for await (const event of eventsOf(stream)) events.push(event)
    expect(textOf(events, 'stderr')).toBe('from other\n')
    // A key of another tenant still sees nothing of it.
    expect((await get(url(`/v1/jobs/${first.id}`), other)).status).toBe(404)
  })

  test('cancels a job of any tenant, running or queued, and that is on record', async () => {
    const running = await post<Job>(url('/v1/jobs'), { language: 'bash', code: 'echo on; sleep 60' }, acme)
    const queued = await post<Job>(url('/v1/jobs'), { language: 'bash', code: 'echo later' }, other)
    const stream = await fetch(url(`/v1/admin/jobs/${running.body.id}/events`), { headers: admin })
    for await (const { event } of eventsOf(stream)) if (event === 'stdout') break
    for (const { id } of [queued.body, running.body]) {
      const answer = await fetch(url(`/v1/admin/jobs/${id}`), { method: 'DELETE', headers: admin })
      expect([answer.status, ((await answer.json()) as Job).status]).toEqual([200, 'cancelled'])
      expect(await lastEvent()).toMatchObject({
        kind: 'job-cancelled',
        jobId: id,
        tenant: 'ops',
        keyId: expect.any(String),
      })
    }
    // What waited when it was cancelled is kept too.
    expect((await get<AdminJob>(url(`/v1/admin/jobs/${queued.body.id}`), admin)).body.canRunAgain).toBe(true)
  })

  test('runs a job again: the same request, of the same tenant, as a job of its own', async () => {
    const { status, body } = await post<TenantJob>(url(`/v1/admin/jobs/${first.id}/run-again`), {}, admin)
    expect(status).toBe(202)
    expect(body).toMatchObject({ tenant: 'acme', language: 'python', metadata: { a: 1 } })
    expect(body.id).not.toBe(first.id)
    expect(await lastEvent()).toMatchObject({
      kind: 'job-run-again',
      jobId: first.id,
      detail: expect.stringContaining(body.id),
    })
    const ended = await get<Job>(url(`/v1/jobs/${body.id}?wait=30`), acme)
    expect(ended.body).toMatchObject({ status: 'succeeded', stages: [{ stdout: 'from acme in' }] })
  })

  test('cannot run again what has not ended, nor what is not kept', async () => {
    const running = await post<Job>(url('/v1/jobs'), { language: 'bash', code: 'sleep 60' }, acme)
    const early = await post(url(`/v1/admin/jobs/${running.body.id}/run-again`), {}, admin)
    expect([early.status, early.body['code']]).toEqual([409, 'nothing-to-run'])
    await fetch(url(`/v1/admin/jobs/${running.body.id}`), { method: 'DELETE', headers: admin })
    await withInside(platform, ({ redis, keys }) => redis.hdel(keys.job(first.id), 'spec'))
    const gone = await post(url(`/v1/admin/jobs/${first.id}/run-again`), {}, admin)
    expect([gone.status, gone.body['code']]).toEqual([409, 'nothing-to-run'])
    expect((await post(url('/v1/admin/jobs/nosuch/run-again'), {}, admin)).status).toBe(404)
  })
})

test('with KEEP_REQUESTS off nothing of a request is left when its job has ended', async () => {
  const forgetful = await startPlatform({ KEEP_REQUESTS: 'off', WORKER_CONCURRENCY: '1' })
  try {
    const job = await runJob(forgetful.url, { language: 'bash', code: 'echo forgotten # unmistakable' })
    await withInside(forgetful, async ({ redis, keys }) => {
      expect(JSON.stringify(await redis.hgetall(keys.job(job.id)))).not.toContain('unmistakable')
      expect(await redis.hexists(keys.job(job.id), 'spec')).toBe(0)
    })
  } finally {
    await forgetful.close()
  }
})

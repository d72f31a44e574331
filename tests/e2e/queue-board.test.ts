import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { send } from '../support/send.ts'

let platform: TestPlatform
let admin: { authorization: string }
let first: Job
let job: Job
beforeAll(async () => {
  platform = await startPlatform({ WORKER_CONCURRENCY: '1' })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
  first = (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'sleep 60' })).body
  const request = {
    language: 'bash',
    code: 'echo hidden-code',
    stdin: 'hidden-stdin',
    args: ['hidden-argument'],
    env: { HIDDEN_NAME: 'hidden-value' },
    metadata: { note: 'hidden-metadata' },
    webhook: { url: 'https://example.com/hidden-hook' },
  }
  job = (await post<Job>(`${platform.url}/v1/jobs`, request)).body
})
afterAll(async () => {
  for (const { id } of [job, first]) await fetch(`${platform.url}/v1/jobs/${id}`, { method: 'DELETE' })
  await platform.close()
})

test('bull-board shows a queued job, and of what its owner sent how much it is', async () => {
  for (const path of [
    '/api/queues?activeQueue=jobs&status=latest&page=1&jobsPerPage=10',
    `/api/queues/jobs/${job.id}`,
  ]) {
    const { status, body } = await get(`${platform.url}/admin/queues${path}`, admin)
    const text = JSON.stringify(body)
    expect([path, status]).toEqual([path, 200])
    expect(text).toContain(`"id":"${job.id}","tenant":"local","kind":"code","language":"bash"`)
    expect(text).not.toMatch(/hidden-|HIDDEN/)
  }
  const shown = await get<{ job: { data: { hidden: unknown } } }>(
    `${platform.url}/admin/queues/api/queues/jobs/${job.id}`,
    admin,
  )
  expect(shown.body.job.data.hidden).toEqual({
    files: 1,
    fileBytes: 16,
    stdinBytes: 12,
    arguments: 1,
    variables: 1,
    tests: 0,
    webhook: true,
    artifacts: false,
  })
})

test('nothing of it reads more than that, and nothing of it changes anything', async () => {
  const reads = ['logs', 'flow', ''].map((what) => `/api/queues/jobs/${job.id}/${what}`)
  const others = [
    '/api/redis/stats',
    '/api/job-schedulers',
    '/api/queues/jobs/workers',
    '/api/queues/jobs/metrics',
    '/api/queues/jobs/default-job-options',
  ]
  for (const path of [...reads, ...others]) {
    const { text } = await send(`${platform.url}/admin/queues${path}`, admin)
    expect(text).not.toMatch(/hidden-|HIDDEN/)
  }
  for (const [method, path] of [
    ['PUT', `/api/queues/jobs/${job.id}/clean`],
    ['PUT', '/api/queues/jobs/empty'],
    ['PUT', '/api/queues/jobs/pause'],
    ['PUT', '/api/queues/jobs/obliterate'],
    ['POST', '/api/queues/jobs/add'],
    ['PATCH', `/api/queues/jobs/${job.id}/update-data`],
    ['DELETE', `/api/queues/jobs/${job.id}`],
  ] as const) {
    const { status } = await send(`${platform.url}/admin/queues${path}`, admin, { method })
    expect([path, status]).toEqual([path, 405])
  }
})

test('it takes a key with the scope admin, and sends browsers to the login', async () => {
  const other = await makeKey(platform, 'acme')
  for (const path of ['', '/api/queues', '/static/images/logo.svg', '/queue/jobs']) {
    const url = `${platform.url}/admin/queues${path}`
    expect([path, (await send(url)).status]).toEqual([path, 401])
    expect([path, (await send(url, other)).status]).toEqual([path, 403])
    expect([path, (await send(url, admin)).status]).toEqual([path, 200])
    const browser = await send(url, { accept: 'text/html,*/*' })
    expect([browser.status, browser.headers.location]).toEqual([303, '/admin'])
  }
})

test('its page names nothing from elsewhere, and its policy lets it load nothing from there', async () => {
  const { text, headers } = await send(`${platform.url}/admin/queues`, { ...admin, accept: 'text/html' })
  expect(text).toContain('<base href="/admin/queues/" />')
  expect(text).not.toMatch(/https?:|<%|<style|style=/)
  expect(headers['content-security-policy']).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self' 'sha256-[^']+';/,
  )
})

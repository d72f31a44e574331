import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import type { Finding } from '../../src/shared/security/finding.ts'
import { get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

interface Blocked {
  code: string
  detail: string
  violations: Finding[]
}

const FORK_BOMB = '# a classic\n:(){ :|:& };:\n'
const OWN_RULE = {
  rules: [
    {
      id: 'no-pi',
      languages: ['python'],
      scope: 'general',
      severity: 'block',
      reason: 'pi is computed elsewhere',
      match: { code: ['math . pi'] },
    },
  ],
}

let folder: string
let platform: TestPlatform
let headers: Record<string, string>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-test-'))
  writeFileSync(join(folder, 'own.json'), JSON.stringify(OWN_RULE))
  platform = await startPlatform({ AUTH: 'required', KILL_GRACE_MS: '100', SCREENING_RULES: join(folder, 'own.json') })
  headers = await makeKey(platform, 'alice', { scopes: ['jobs', 'containers', 'admin'] })
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

const submit = <T = Blocked>(path: string, body: unknown, more: Record<string, string> = {}) =>
  post<T>(`${platform.url}${path}`, body, { ...headers, ...more })
const bash = (code: string) => ({ language: 'bash', code })

test.each(['/v1/jobs', '/api/repl/execute'])('a fork bomb is refused by %s, with its place', async (path) => {
  const { status, body } = await submit(path, bash(FORK_BOMB))
  expect(status).toBe(403)
  expect(body.code).toBe('submission-blocked')
  expect(body.violations[0]).toMatchObject({ severity: 'block', pointer: '/code', line: 2, excerpt: ':(){ :|:& };:' })
  expect(body.detail).toMatch(/^line 2: .*; this server's screening policy does not allow it$/)
})

test('in a container, the command and the files are screened too', async () => {
  const command = await submit('/api/containers/create', { image: 'bash', command: ['bash', '-c', FORK_BOMB] })
  expect(command).toMatchObject({ status: 403, body: { violations: [{ pointer: '/command/2' }] } })
  const file = { image: 'bash', command: ['bash', 'x.sh'], files: [{ path: 'x.sh', content: FORK_BOMB }] }
  expect(await submit('/api/containers/create', file)).toMatchObject({
    status: 403,
    body: { violations: [{ pointer: '/files/0/content' }] },
  })
})

test.each(['/api/repl/execute/stream', '/api/containers/create/stream'])('%s tells of it as an event', async (path) => {
  const body = path.includes('repl') ? bash(FORK_BOMB) : { image: 'bash', command: ['bash', '-c', FORK_BOMB] }
  const response = await fetch(`${platform.url}${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  const [event, data] = (await response.text()).split('\n')
  expect(event).toBe('event: error')
  expect(JSON.parse(data?.slice('data: '.length) ?? '')).toMatchObject({ code: 'submission-blocked', status: 403 })
})

test('a warning does not keep a program from running; it is told with the job and as an event', async () => {
  const request = { language: 'python', code: 'while True:\n    pass\n', limits: { wallMs: 300 } }
  const { status, body } = await submit<Job>('/v1/jobs', request, { prefer: 'wait=30' })
  expect(status).toBe(200)
  expect(body.status).toBe('wall-time-limit')
  expect(body.warnings).toMatchObject([{ severity: 'warn', pointer: '/code', line: 1 }])
  const events = await (await fetch(`${platform.url}/v1/jobs/${body.id}/events`, { headers })).text()
  expect(events).toMatch(/^event: state\n.*\n.*\n\nevent: warning\n/m)
})

test('the policy of a key is its own', async () => {
  const code = 'import os\nos.system("echo ran")\n'
  const strict = await makeKey(platform, 'strict', { screening: 'strict' })
  expect(await submit('/v1/jobs', { language: 'python', code }, strict)).toMatchObject({ status: 403 })
  const standard = await makeKey(platform, 'standard', { screening: 'standard' })
  const off = await makeKey(platform, 'off', { screening: 'off' })
  const wait = { prefer: 'wait=30' }
  const warned = await submit<Job>('/v1/jobs', { language: 'python', code }, { ...standard, ...wait })
  expect(warned.body).toMatchObject({ status: 'succeeded', warnings: [{ severity: 'warn' }] })
  expect(await submit('/v1/jobs', bash(FORK_BOMB), standard)).toMatchObject({ status: 403 })
  const unscreened = await submit<Job>('/v1/jobs', { language: 'python', code }, { ...off, ...wait })
  expect(unscreened.body).toMatchObject({ status: 'succeeded', warnings: [] })
})

test('a program that evaluates its input runs under /v1, and is refused under /api', async () => {
  const request = { language: 'python', code: 'a, b = eval(input())\nprint(a + b)\n', stdin: '3,4' }
  const { status, body } = await submit<Job>('/v1/jobs', request, { prefer: 'wait=30' })
  expect(status).toBe(200)
  expect(body.stages.map(({ stdout }) => stdout)).toEqual(['7\n'])
  expect(body.warnings).toMatchObject([{ rule: 'python-eval', severity: 'warn' }])
  for (const path of ['/api/repl/execute', '/API/repl/execute']) {
    expect([path, (await submit(path, request)).body]).toMatchObject([path, { violations: [{ rule: 'python-eval' }] }])
  }
  const container = { image: 'python', command: ['python3', '-c', 'print(eval("1"))'] }
  expect(await submit('/api/containers/create', container)).toMatchObject({ status: 403 })
  const standard = await makeKey(platform, 'lenient', { screening: 'standard' })
  expect(await submit('/api/repl/execute', request, standard)).toMatchObject({ status: 200, body: { stdout: '7\n' } })
})

test('the end user of a job is kept with it, and jobs are listed by it', async () => {
  const own = await makeKey(platform, 'classroom')
  const job = (endUser: string) => ({ ...bash('echo hi'), endUser })
  const first = await submit<Job>('/v1/jobs', job('ada'), { ...own, prefer: 'wait=30' })
  expect(first.body).toMatchObject({ status: 'succeeded', endUser: 'ada' })
  const batch = await submit<{ jobs: string[] }>('/v1/batches', { jobs: [job('ada'), job('bob'), bash('true')] }, own)
  const repl = await submit<Job>('/api/repl/execute', job('bob'), own)
  const listed = async (query: string) =>
    (await get<{ jobs: Job[] }>(`${platform.url}/v1/jobs${query}`, own)).body.jobs.map(({ id }) => id)
  expect(await listed('?endUser=ada')).toEqual([batch.body.jobs[0], first.body.id])
  expect(await listed('?endUser=bob')).toEqual([repl.body.id, batch.body.jobs[1]])
  expect(await listed('?endUser=nobody')).toEqual([])
  for (const endUser of ['', 'x'.repeat(129), 'a\u0007', 7]) {
    const answer = await submit<{ errors: unknown[] }>('/v1/jobs', { ...bash('true'), endUser }, own)
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '/endUser' }] } })
  }
})

test("the operator's own rules hold beside the others", async () => {
  const blocked = await submit('/v1/jobs', { language: 'python', code: 'import math\nprint(math.pi)' })
  expect(blocked).toMatchObject({ status: 403, body: { violations: [{ rule: 'no-pi', line: 2 }] } })
})

test('in a batch the place tells which of them it is', async () => {
  const jobs = [bash('true'), bash(FORK_BOMB)]
  expect(await submit('/v1/batches', { jobs })).toMatchObject({
    status: 403,
    body: { violations: [{ pointer: '/jobs/1/code' }] },
  })
})

test('a dependency named like a popular one is refused', async () => {
  const answer = await submit('/v1/jobs', { language: 'python', code: '', dependencies: ['reqeusts'] })
  expect(answer).toMatchObject({ status: 403, body: { violations: [{ pointer: '/dependencies/0' }] } })
})

test('operators see what was refused, by rule and caller, and not the code', async () => {
  await submit('/v1/jobs', bash(FORK_BOMB))
  const { body } = await get<{ events: Record<string, unknown>[] }>(
    `${platform.url}/v1/admin/security-events?kind=submission-blocked&limit=1`,
    headers,
  )
  expect(body.events[0]).toMatchObject({ kind: 'submission-blocked', tenant: 'alice', requestId: expect.any(String) })
  expect(JSON.stringify(body)).not.toContain(':|:')
  const metrics = await (await fetch(`${platform.url}/metrics`, { headers })).text()
  expect(metrics).toMatch(/^runyard_submissions_total\{outcome="blocked"\} [1-9]/m)
  expect(metrics).toMatch(/^runyard_security_events_total\{kind="submission-blocked"\} [1-9]/m)
})

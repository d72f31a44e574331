import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

type Headers = Record<string, string>

let platform: TestPlatform
let jobs: string
let alice: Headers
let bob: Headers
beforeAll(async () => {
  platform = await startPlatform({
    AUTH: 'required',
    WORKER_CONCURRENCY: '1',
    KILL_GRACE_MS: '200',
  })
  jobs = `${platform.url}/v1/jobs`
  alice = await makeKey(platform, 'alice')
  bob = await makeKey(platform, 'bob')
})
afterAll(() => platform.close())

const submit = (body: object, headers = alice) => post<Job>(jobs, body, { ...headers, prefer: 'wait=60' })
const requestOf = (id: string, headers = alice) => get(`${jobs}/${id}/request`, headers)

test('a request that is to be kept can be read by its tenant, and makes the same job again', async () => {
  const program = {
    language: 'python',
    files: [
      { path: 'main.py', content: 'import sys, os, part\nprint(part.x, sys.argv[1], input(), os.environ["A"])' },
      { path: 'part.py', content: 'x = "ö"' },
    ],
    stdin: 'in',
    args: ['arg'],
    env: { A: 'b' },
    limits: { wallMs: 5000 },
    keepRequest: true,
  }
  const first = await submit({ ...program, priority: 'high', metadata: { what: 'this time' } })
  expect(first.body).toMatchObject({ status: 'succeeded', requestKept: true })
  const kept = await requestOf(first.body.id)
  expect(kept.status).toBe(200)
  expect(kept.body).toEqual(program)
  const again = await submit(kept.body)
  expect(again.body).toMatchObject({ status: 'succeeded', requestKept: true, metadata: {} })
  expect(again.body.stages[0]?.stdout).toBe('ö arg in b\n')
  expect(again.body.stages[0]?.stdout).toBe(first.body.stages[0]?.stdout)

  expect((await requestOf(first.body.id, bob)).status).toBe(404)
  expect((await get(`${jobs}/${first.body.id}/request`)).status).toBe(401)
})

test('it can be read while the job waits and runs, and after it was cancelled', async () => {
  const program = { language: 'bash', code: 'sleep 30', keepRequest: true }
  const { body } = await post<Job>(jobs, program, alice)
  expect((await requestOf(body.id)).body).toEqual(program)
  const cancelled = await fetch(`${jobs}/${body.id}`, { method: 'DELETE', headers: alice })
  expect(await cancelled.json()).toMatchObject({ status: 'cancelled', requestKept: true })
  expect((await requestOf(body.id)).body).toEqual(program)
})

test.each([{}, { keepRequest: false }])('a request that is not to be kept is not: %j', async (more) => {
  const { body } = await submit({ language: 'bash', code: 'echo hi', ...more })
  expect(body.requestKept).toBeUndefined()
  const kept = await requestOf(body.id)
  expect(kept.status).toBe(404)
  expect(kept.body['detail']).toContain('keepRequest')
})

test('what is kept counts with what waits of a tenant, and with what is stored of it', async () => {
  const redis = new Redis(process.env['RUNYARD_TEST_REDIS'] ?? '')
  const bytes = async (what: string) => Number(await redis.hget(`{${platform.namespace}}:${what}`, 'of:bob'))
  const counted = async (more: object) => {
    const [waitedBefore, storedBefore] = [await bytes('waiting-bytes'), await bytes('stored')]
    const later = { language: 'bash', code: `# ${'x'.repeat(100_000)}`, delayMs: 60_000 }
    const { body } = await post<Job>(jobs, { ...later, ...more }, bob)
    const waits = (await bytes('waiting-bytes')) - waitedBefore
    await fetch(`${jobs}/${body.id}`, { method: 'DELETE', headers: bob })
    return { waits, stored: (await bytes('stored')) - storedBefore }
  }
  const without = await counted({})
  const kept = await counted({ keepRequest: true })
  expect(kept.waits - without.waits).toBeGreaterThan(100_000)
  expect(kept.stored - without.stored).toBeGreaterThan(100_000)
  redis.disconnect()
})

test('where the operator keeps no requests, none is kept', async () => {
  const other = await startPlatform({ KEEP_REQUESTS: 'off', POOL_READY: '0' })
  const request = { language: 'bash', code: 'echo "not to be found"', keepRequest: true }
  const { body } = await post<Job>(`${other.url}/v1/jobs`, request, { prefer: 'wait=60' })
  expect(body).toMatchObject({ status: 'succeeded' })
  expect(body.requestKept).toBeUndefined()
  expect((await get(`${other.url}/v1/jobs/${body.id}/request`)).status).toBe(404)
  const redis = new Redis(process.env['RUNYARD_TEST_REDIS'] ?? '')
  const record = await redis.hgetall(`{${other.namespace}}:job:${body.id}`)
  expect(record['state']).toBe('finished')
  expect(JSON.stringify(record)).not.toContain('echo')
  redis.disconnect()
  await other.close()
})

test('a caller is told the ceilings of its own key', async () => {
  const key = await makeKey(platform, 'low', { limits: { wallMs: 1000 } })
  const { body } = await get<{ runtimes: { limits: object; ceilings: object }[] }>(`${platform.url}/v1/runtimes`, key)
  expect(body.runtimes[0]).toMatchObject({ limits: { wallMs: 1000 }, ceilings: { wallMs: 1000, cpuMs: 120_000 } })
  const above = await submit({ language: 'bash', code: 'true', limits: { wallMs: 1001 } }, key)
  expect(above.status).toBe(422)
})

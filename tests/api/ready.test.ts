import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { get, post } from '../support/client.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { openRedisLink } from '../support/redis-link.ts'

const JOB = { language: 'bash', code: 'echo 1' }

let gateway: LoneGateway
beforeAll(async () => {
  gateway = await startLoneGateway({ MAX_QUEUED_JOBS: '2', TENANT_MAX_QUEUED_JOBS: '2' })
})
afterAll(() => gateway.close())

test('a gateway whose queue is full is not ready, and says when to come back as it says to a submission', async () => {
  expect((await get(`${gateway.url}/readyz`)).status).toBe(200)
  for (let i = 0; i < 2; i++) expect((await post(`${gateway.url}/v1/jobs`, JOB)).status).toBe(202)
  const answers = async () => [
    await get(`${gateway.url}/readyz`),
    await post<Record<string, unknown>>(`${gateway.url}/v1/jobs`, JOB),
  ]
  for (const { status, body, headers } of await answers()) {
    expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'queue-full', '60'])
  }
  // Jobs have ended, one in 10 s: a tenth of the queue is free after that.
  const nowMs = Date.now()
  await gateway.redis.rpush(gateway.keys.ends, ...[0, 10, 20, 30].map((seconds) => nowMs - seconds * 1000))
  const [ready, submission] = (await answers()).map(({ headers }) => Number(headers.get('retry-after')))
  expect(ready).toBeLessThan(60)
  expect(Math.abs((ready ?? 0) - (submission ?? 0))).toBeLessThanOrEqual(1)
})

test('a gateway for which no worker has told what it can run is not ready, as a submission is refused', async () => {
  const early = await startLoneGateway()
  try {
    await early.redis.del(early.keys.runtimes)
    const asked = async () => [await get(`${early.url}/readyz`), await post(`${early.url}/v1/jobs`, JOB)]
    for (const { status, body, headers } of await asked()) {
      expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'unavailable', '5'])
    }
  } finally {
    await early.close()
  }
})

test('a gateway for whose jobs Redis has no bytes left is not ready either', async () => {
  const full = await startLoneGateway({ MAX_QUEUED_BYTES: '67108864', TENANT_MAX_QUEUED_BYTES: '67108864' })
  try {
    await full.redis.hset(full.keys.waitingBytes, 'all', 67_108_864)
    for (const answer of [await get(`${full.url}/readyz`), await post(`${full.url}/v1/jobs`, JOB)]) {
      expect([answer.status, answer.body['code'], answer.headers.get('retry-after')]).toEqual([503, 'queue-full', '60'])
    }
  } finally {
    await full.close()
  }
})

test('a gateway whose Redis says nothing is not ready, and says when to come back', async () => {
  const link = await openRedisLink(process.env['RUNYARD_TEST_REDIS'] ?? '')
  const behind = await startLoneGateway({ REDIS_URL: link.url })
  try {
    expect((await get(`${behind.url}/readyz`)).status).toBe(200)
    link.freeze()
    const { status, body, headers } = await get(`${behind.url}/readyz`)
    expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'unavailable', '2'])
  } finally {
    await link.close()
    await behind.close()
  }
})

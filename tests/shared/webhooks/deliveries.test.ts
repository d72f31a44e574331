import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createDeliveries, type AttemptOutcome, type Deliveries } from '../../../src/shared/webhooks/deliveries.ts'
import type { DeliveryQuery } from '../../../src/shared/webhooks/list-deliveries.ts'
import { newDelivery, webhookUrls } from '../../../src/shared/webhooks/new-delivery.ts'
import { openTestRedis, type TestRedis } from '../security/test-redis.ts'
import { finishedJob } from './job.ts'

const URL = 'https://example.com/hook'
const KEPT_SECONDS = 600

let own: TestRedis
let nowMs: number
let deliveries: Deliveries
beforeEach(async () => {
  own = await openTestRedis()
  nowMs = Date.parse('2027-01-01T00:00:00Z')
  deliveries = createDeliveries(own.redis, own.keys, KEPT_SECONDS, () => nowMs)
})
afterEach(() => own.close())

async function add(tenant = 'me', url = URL): Promise<string> {
  const job = finishedJob()
  const delivery = newDelivery(job, 'job.finished')
  await deliveries.add(delivery, job.id, tenant, url)
  return delivery[0]
}

const outcome = (fields: Partial<AttemptOutcome> = {}): AttemptOutcome => ({
  attempt: { at: new Date(nowMs).toISOString(), status: 500, error: null, durationMs: 3, answer: 'no' },
  state: 'failed',
  nextAttemptAtMs: 0,
  endpoint: 'failed',
  ...fields,
})

async function record(id: string, fields: Partial<AttemptOutcome> = {}): Promise<number> {
  const stored = await deliveries.read(id)
  if (!stored) throw new Error(`there is no delivery ${id}`)
  return deliveries.record(stored, outcome(fields))
}

test('the body is the job without its output, the same text at every attempt', async () => {
  const job = finishedJob()
  const delivery = newDelivery(job, 'job.finished')
  await deliveries.add(delivery, job.id, 'me', URL)
  const { body = '' } = (await deliveries.read(delivery[0])) ?? {}
  const { type, timestamp, data } = JSON.parse(body) as { type: string; timestamp: string; data: typeof job }
  expect({ type, timestamp }).toEqual({ type: 'job.finished', timestamp: job.finishedAt })
  expect(data).toMatchObject({ id: job.id, status: 'succeeded', metadata: job.metadata, url: `/v1/jobs/${job.id}` })
  expect(data.stages[0]).toMatchObject({ name: 'run', exitCode: 0, stdoutBytes: 15 })
})

test.each([
  { webhook: null, started: false, finished: false },
  { webhook: { url: URL }, started: false, finished: true },
  { webhook: { url: URL, events: ['job.started' as const] }, started: true, finished: false },
  { webhook: { url: URL, events: ['job.started' as const, 'job.finished' as const] }, started: true, finished: true },
])('who asked for what: $webhook', async ({ webhook, started, finished }) => {
  const job = finishedJob()
  const urls = webhookUrls(webhook)
  expect(urls).toEqual({ startedUrl: started ? URL : '', finishedUrl: finished ? URL : '' })
  await deliveries.add(newDelivery(job, 'job.started'), job.id, 'me', urls.startedUrl)
  await deliveries.add(newDelivery(job, 'job.finished'), job.id, 'me', urls.finishedUrl)
  expect((await deliveries.read(`${job.id}-started`))?.event).toBe(started ? 'job.started' : undefined)
  expect((await deliveries.read(`${job.id}-finished`))?.event).toBe(finished ? 'job.finished' : undefined)
})

test('an event is noted once, however often its job ends', async () => {
  const job = finishedJob()
  const delivery = newDelivery(job, 'job.finished')
  await deliveries.add(delivery, job.id, 'me', URL)
  await record(delivery[0], { state: 'succeeded', endpoint: 'worked' })
  await deliveries.add(delivery, job.id, 'me', URL)
  expect(await deliveries.read(delivery[0])).toMatchObject({ state: 'succeeded', attempts: [{ status: 500 }] })
  expect(await own.redis.zcard(own.keys.pendingDeliveries)).toBe(0)
})

test('deliveries are listed newest first, in pages that what comes and goes meanwhile does not move', async () => {
  const ids: string[] = []
  for (let i = 0; i < 7; i++) {
    // Three at each ms.
    if (i % 3 === 0) nowMs++
    ids.push(await add())
  }
  await add('somebody else')
  const newest = [...ids.slice(6), ...ids.slice(3, 6).toReversed(), ...ids.slice(0, 3).toReversed()]
  const first = await deliveries.list('me', { limit: 2 })
  expect(first.deliveries.map(({ id }) => id)).toEqual(newest.slice(0, 2))
  nowMs++
  await add()
  await own.redis.del(own.keys.delivery(newest[1] ?? ''), own.keys.delivery(newest[2] ?? ''))
  const found: string[] = []
  let cursor = first.next
  while (cursor !== null) {
    const page = await deliveries.list('me', { limit: 2, cursor })
    found.push(...page.deliveries.map(({ id }) => id))
    cursor = page.next
  }
  expect(found).toEqual(newest.slice(3))
})

test('a page of 100 goes through a thousand deliveries made in the same ms', async () => {
  const ids = await Promise.all(Array.from({ length: 1005 }, () => add()))
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await deliveries.list('me', { limit: 100, cursor })
    found.push(...page.deliveries.map(({ id }) => id))
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  expect(found.toSorted()).toEqual(ids.toSorted())
})

test('a list of one state leaves the others out; what is no cursor is refused', async () => {
  const failed = await add()
  await record(failed)
  await add()
  const { deliveries: found, next } = await deliveries.list('me', { limit: 50, state: 'failed' })
  expect(found.map(({ id }) => id)).toEqual([failed])
  expect(next).toBeNull()
  for (const cursor of ['nonsense', '', Buffer.from('x y').toString('base64url')]) {
    await expect(deliveries.list('me', { limit: 5, cursor })).rejects.toThrow(RangeError)
  }
})

test('a list reads nothing of what was sent, and of deliveries in another state next to nothing', async () => {
  const body = 'x'.repeat(100_000)
  const ids = await Promise.all(Array.from({ length: 200 }, () => add()))
  await Promise.all(ids.map((id) => own.redis.hset(own.keys.delivery(id), 'body', body)))
  const [failed = ''] = ids
  for (let i = 0; i < 60; i++) {
    await record(failed, { attempt: { ...outcome().attempt, durationMs: i }, state: 'pending', nextAttemptAtMs: nowMs })
  }
  await record(failed)
  const readOf = async (query: DeliveryQuery) => {
    const before = own.redis.stream.bytesRead
    const { deliveries: found } = await deliveries.list('me', query)
    return { found, bytes: own.redis.stream.bytesRead - before }
  }
  const one = await readOf({ limit: 50, state: 'failed' })
  expect(one.found).toHaveLength(1)
  expect(one.bytes).toBeLessThan(body.length / 2)
  const all = await readOf({ limit: 100 })
  expect(all.found).toHaveLength(100)
  expect(all.bytes).toBeLessThan(body.length)
  // What is listed is what one of them shows, but for its text.
  const { body: _body, ...shown } = (await deliveries.read(failed)) ?? {}
  expect(one.found[0]).toEqual(shown)
  expect(one.found[0]?.attempts).toHaveLength(50)
})

test('a delivery that has ended is kept as long as the setting says, one that is pending for the whole schedule', async () => {
  const id = await add()
  expect(await own.redis.ttl(own.keys.delivery(id))).toBeGreaterThan(10 * 24 * 3600)
  await record(id)
  expect(await own.redis.ttl(own.keys.delivery(id))).toBeLessThanOrEqual(KEPT_SECONDS)
  expect(await deliveries.redeliver(id, 'me')).toBe(true)
  expect(await own.redis.ttl(own.keys.delivery(id))).toBeGreaterThan(10 * 24 * 3600)
  for (const key of await own.redis.keys(`{${own.namespace}}:*`)) expect(await own.redis.ttl(key)).toBeGreaterThan(0)
})

test('of a tenant 10,000 deliveries are kept: the oldest that have ended go, a pending one never', async () => {
  const pending = await add()
  nowMs++
  const ended = await add()
  await record(ended)
  const filler = Array.from({ length: 9_999 }, (_, i) => [nowMs + 1, `filler-${i}`]).flat()
  await own.redis.zadd(own.keys.tenantDeliveries('me'), ...filler)
  nowMs += 2
  await add()
  expect(await deliveries.read(ended)).toBeUndefined()
  expect(await deliveries.read(pending)).toBeDefined()
  expect(await own.redis.zcard(own.keys.tenantDeliveries('me'))).toBe(10_000)
})

test('of a delivery the last 50 attempts are kept, in order', async () => {
  const id = await add()
  for (let i = 1; i <= 60; i++) {
    await record(id, { attempt: { ...outcome().attempt, durationMs: i }, state: 'pending', nextAttemptAtMs: nowMs })
  }
  const attempts = (await deliveries.read(id))?.attempts ?? []
  expect(attempts.map(({ durationMs }) => durationMs)).toEqual(Array.from({ length: 50 }, (_, i) => i + 11))
})

test('the operator is told of ten failures in a row over all deliveries to an endpoint, then not for a day', async () => {
  const told: number[] = []
  const fail = async (times: number, url = URL) => {
    for (let i = 0; i < times; i++) {
      const failures = await record(await add('me', url))
      if (failures > 0) told.push(failures)
    }
  }
  await fail(9)
  await record(await add(), { state: 'succeeded', endpoint: 'worked' })
  await fail(9)
  expect(told).toEqual([])
  await fail(30)
  expect(told).toEqual([10])
  // Another endpoint of the same tenant, within the hour.
  await fail(30, 'https://example.com/other')
  expect(told).toEqual([10])
  nowMs += 24 * 3_600_000
  await own.redis.del(own.keys.webhookEndpoint('me', 'alerts'))
  await fail(1)
  expect(told).toEqual([10, 40])
})

test('a delivery that is put off when its next attempt has just been recorded comes no earlier for that', async () => {
  const id = await add()
  nowMs += 60_000
  expect(await deliveries.overdue(30_000)).toEqual([id])
  const dueMs = nowMs + 3_600_000
  await record(id, { state: 'pending', nextAttemptAtMs: dueMs })
  await deliveries.putOff([id])
  expect(await deliveries.dueAt(id)).toBe(dueMs)
  nowMs = dueMs - 1
  expect(await deliveries.overdue(0)).toEqual([])
  nowMs = dueMs
  expect(await deliveries.overdue(0)).toEqual([id])
})

test('one that is put off while it is overdue is looked at later, and is due as its record says', async () => {
  const id = await add()
  const dueMs = nowMs
  nowMs += 60_000
  await deliveries.putOff([id])
  expect(await deliveries.overdue(30_000)).toEqual([])
  expect(await deliveries.dueAt(id)).toBe(dueMs)
  await record(id)
  expect(await deliveries.dueAt(id)).toBeUndefined()
})

test('only its own tenant can have a delivery made again', async () => {
  const id = await add()
  await record(id)
  expect(await deliveries.redeliver(id, 'somebody else')).toBe(false)
  expect(await deliveries.redeliver('nosuch', 'me')).toBe(false)
  expect(await deliveries.read(id)).toMatchObject({ state: 'failed', nextAttemptAt: null })
})

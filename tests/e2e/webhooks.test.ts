import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import type { Job } from '../../src/shared/job.ts'
import type { Delivery } from '../../src/shared/webhooks/delivery.ts'
import type { TenantSecrets } from '../../src/shared/webhooks/webhook-secrets.ts'
import { finishedJob } from '../shared/webhooks/job.ts'
import { INTERNAL_HOSTS } from '../shared/webhooks/internal-hosts.ts'
import { get, post } from '../support/client.ts'
import { schemaFault } from '../support/conformance.ts'
import { makeKey } from '../support/make-key.ts'
import { admit, createJobRecords, RETENTION, submittedJob } from '../support/job-records.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { openDeliverer } from '../worker/webhooks/test-deliverer.ts'
import { answering, type ReceivedRequest, type Receiver, startReceiver } from '../worker/webhooks/receiver.ts'
import { eventually } from '../support/eventually.ts'

const HELLO = { language: 'python', code: 'print("hello")' }

interface Message {
  type: string
  timestamp: string
  data: Job & { url: string }
}

let platform: TestPlatform
let receiver: Receiver
let me: { authorization: string }
let other: { authorization: string }
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required', WORKER_CONCURRENCY: '2', WEBHOOK_ALLOW: '127.0.0.0/8' })
  receiver = await startReceiver()
  me = await makeKey(platform, 'me')
  other = await makeKey(platform, 'other')
})
afterAll(async () => {
  await platform.close()
  await receiver.close()
})
afterEach(() => receiver.behave(answering(204)))

/** Named, should it not come, by its own text. */
const until = (condition: () => boolean | Promise<boolean>) => eventually(String(condition), condition)
const secretOf = async (key: Record<string, string>) =>
  (await get<TenantSecrets>(`${platform.url}/v1/webhook-secret`, key)).body
/** The message of a request, which is as the OpenAPI document has it. */
function messageOf({ body }: ReceivedRequest): Message {
  const message = JSON.parse(body) as Message
  const pointer = `/webhooks/${message.type}/post/requestBody/content/application~1json/schema`
  expect(schemaFault(pointer, message)).toBeUndefined()
  return message
}
const received = (jobId: string) => receiver.requests.filter((request) => messageOf(request).data.id === jobId)

async function submit(request: Record<string, unknown>, key = me): Promise<string> {
  const { status, body } = await post<Job>(`${platform.url}/v1/jobs`, { ...HELLO, ...request }, key)
  expect(status).toBe(202)
  return body.id
}

async function deliveryOf(jobId: string, event = 'finished', key = me): Promise<Delivery & { payload: Message }> {
  const url = `${platform.url}/v1/webhook-deliveries/${jobId}-${event}`
  const { status, body } = await get<Delivery & { payload: Message }>(url, key)
  expect(status).toBe(200)
  return body
}

test('the end of a job is told where the job asks for it, signed with its tenant’s secret', async () => {
  const id = await submit({ webhook: { url: `${receiver.url}/hook?token=1` }, metadata: { order: 7 } })
  await until(() => received(id).length === 1)
  const [request] = received(id)
  expect(request?.line).toBe('POST /hook?token=1 HTTP/1.1')
  expect(request?.headers['webhook-id']).toBe(`${id}-finished`)
  const { secret } = await secretOf(me)
  const message = new Webhook(secret).verify(request?.body ?? '', request?.headers ?? {}) as Message
  const { body: job } = await get<Job>(`${platform.url}${message.data.url}`, me)
  const { stages, ...rest } = message.data
  expect(message).toMatchObject({ type: 'job.finished', timestamp: job.finishedAt })
  expect(rest).toEqual({ ...job, stages: undefined, url: `/v1/jobs/${id}` })
  expect(stages).toMatchObject([{ name: 'run', status: 'succeeded', exitCode: 0, stdoutBytes: 6 }])
  expect(request?.body).not.toContain('hello')
  const { secret: others } = await secretOf(other)
  expect(() => new Webhook(others).verify(request?.body ?? '', request?.headers ?? {})).toThrow('No matching signature')
})

test('the start of a job is told when it is asked for, once, and apart from its end', async () => {
  const id = await submit({ webhook: { url: receiver.url, events: ['job.started', 'job.finished'] } })
  await until(() => received(id).length === 2)
  const byType = new Map(received(id).map((request) => [messageOf(request).type, messageOf(request).data]))
  expect(byType.get('job.started')).toMatchObject({ state: 'running', attempt: 1, status: null, stages: [] })
  expect(byType.get('job.finished')).toMatchObject({ state: 'finished', attempt: 1, status: 'succeeded' })
  expect(byType.get('job.started')?.startedAt).toMatch(/^\d{4}-\d\d-\d\dT/)
})

test('the webhook of a key is that of its jobs, but for those that name one of their own', async () => {
  const key = await makeKey(platform, 'me', { webhook: { url: `${receiver.url}/of-the-key` } })
  const [ofKey, own] = await Promise.all([
    submit({}, key),
    submit({ webhook: { url: `${receiver.url}/of-the-job` } }, key),
  ])
  await until(() => received(ofKey).length === 1 && received(own).length === 1)
  expect(received(ofKey)[0]?.line).toBe('POST /of-the-key HTTP/1.1')
  expect(received(own)[0]?.line).toBe('POST /of-the-job HTTP/1.1')
})

test('a job that is cancelled before it began is told of too', async () => {
  const id = await submit({ delayMs: 600_000, webhook: { url: receiver.url } })
  await fetch(`${platform.url}/v1/jobs/${id}`, { method: 'DELETE', headers: me })
  await until(() => received(id).length === 1)
  expect(received(id).map((request) => messageOf(request).data.status)).toEqual(['cancelled'])
})

test('a job without a webhook is told nobody', async () => {
  const id = await submit({})
  const { body } = await get<Job>(`${platform.url}/v1/jobs/${id}?wait=30`, me)
  expect(body.state).toBe('finished')
  const answer = await get(`${platform.url}/v1/webhook-deliveries/${id}-finished`, me)
  expect(answer.status).toBe(404)
})

// Those of the loopback may be reached here.
const REFUSED = INTERNAL_HOSTS.slice(INTERNAL_HOSTS.indexOf('10.0.0.1')).filter(
  (host) => !/127\.|7f00:1\]|0001\]/.test(host),
)
test.each(REFUSED)('a job whose webhook leads inside is refused: %s', async (host) => {
  const webhook = { url: `http://${host}/hook` }
  const { status, body } = await post(`${platform.url}/v1/jobs`, { ...HELLO, webhook }, me)
  expect(status).toBe(422)
  expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/webhook/url' }] })
})

test.each([
  { webhook: {}, pointer: '/webhook/url' },
  { webhook: { url: '' }, pointer: '/webhook/url' },
  { webhook: { url: 'ftp://example.com/' }, pointer: '/webhook/url' },
  { webhook: { url: 'https://me:secret@example.com/' }, pointer: '/webhook/url' },
  { webhook: { url: 'https://example.com/', events: [] }, pointer: '/webhook/events' },
  { webhook: { url: 'https://example.com/', events: ['job.deleted'] }, pointer: '/webhook/events/0' },
  { webhook: { url: 'https://example.com/', secret: 'mine' }, pointer: '/webhook/secret' },
  { webhook: 'https://example.com/', pointer: '/webhook' },
])('a webhook that cannot be used is refused at its field: $webhook', async ({ webhook, pointer }) => {
  const { status, body } = await post<{ errors: { pointer: string }[] }>(
    `${platform.url}/v1/jobs`,
    { ...HELLO, webhook },
    me,
  )
  expect(status).toBe(422)
  expect(body.errors.map((error) => error.pointer)).toContain(pointer)
})

test('what a receiver refused can be seen, and made again by hand, by its owner alone', async () => {
  receiver.behave(answering(410, {}, 'go away'))
  const id = await submit({ webhook: { url: `${receiver.url}/gone` } })
  await until(async () => received(id).length === 1 && (await deliveryOf(id)).state === 'failed')
  const before = await deliveryOf(id)
  expect(before).toMatchObject({
    id: `${id}-finished`,
    event: 'job.finished',
    jobId: id,
    url: `${receiver.url}/gone`,
    nextAttemptAt: null,
    attempts: [{ status: 410, error: null, answer: 'go away' }],
    payload: { type: 'job.finished', data: { id } },
  })
  receiver.behave(answering(200, {}, 'welcome back'))
  const url = `${platform.url}/v1/webhook-deliveries/${id}-finished`
  expect((await get(url, other)).status).toBe(404)
  expect((await post(`${url}/redeliver`, '', other)).status).toBe(404)
  const { status, body } = await post(`${url}/redeliver`, '', me)
  expect(status).toBe(202)
  expect(body).toMatchObject({ id: `${id}-finished` })
  await until(async () => (await deliveryOf(id)).state === 'succeeded')
  expect((await deliveryOf(id)).attempts.map((attempt) => attempt.status)).toEqual([410, 200])
  const [first, second] = received(id)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(second?.body).toBe(first?.body)
})

test('a delivery that failed is pending until its next attempt, which can be had at once', async () => {
  receiver.behave(answering(503, { 'retry-after': '3600' }))
  const id = await submit({ webhook: { url: receiver.url } })
  await until(() => received(id).length === 1)
  await until(async () => (await deliveryOf(id)).attempts.length === 1)
  const { state, nextAttemptAt, attempts } = await deliveryOf(id)
  expect(state).toBe('pending')
  expect(Date.parse(nextAttemptAt ?? '') - Date.parse(attempts[0]?.at ?? '')).toBeGreaterThanOrEqual(3_600_000)
  receiver.behave(answering(204))
  expect((await post(`${platform.url}/v1/webhook-deliveries/${id}-finished/redeliver`, '', me)).status).toBe(202)
  await until(async () => (await deliveryOf(id)).state === 'succeeded')
})

test('a pending delivery is cancelled by its owner alone, and by an operator', async () => {
  receiver.behave(answering(503, { 'retry-after': '3600' }))
  const [own, byOperator] = [
    await submit({ webhook: { url: receiver.url } }),
    await submit({ webhook: { url: receiver.url } }),
  ]
  // A delivery exists from the end of its job on.
  await until(() => received(own).length === 1 && received(byOperator).length === 1)
  await until(async () => (await deliveryOf(own)).attempts.length === 1)
  await until(async () => (await deliveryOf(byOperator)).attempts.length === 1)
  const url = `${platform.url}/v1/webhook-deliveries/${own}-finished`
  expect((await post(`${url}/cancel`, '', other)).status).toBe(404)
  expect(await post(`${url}/cancel`, '', me)).toMatchObject({
    status: 200,
    body: { state: 'cancelled', nextAttemptAt: null },
  })
  const admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
  const all = `${platform.url}/v1/admin/webhook-deliveries`
  expect(await post(`${all}/${byOperator}-finished/cancel`, '', admin)).toMatchObject({
    status: 200,
    body: { state: 'cancelled', tenant: 'me' },
  })
  expect((await post(`${all}/nosuch/cancel`, '', admin)).status).toBe(404)
  const listed = await get<{ deliveries: Delivery[] }>(`${platform.url}/v1/webhook-deliveries?state=cancelled`, me)
  expect(new Set(listed.body.deliveries.map(({ jobId }) => jobId))).toEqual(new Set([own, byOperator]))
})

test('a test event is signed and delivered as every webhook is, for its owner and for an operator', async () => {
  const admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
  const asked = [
    await post<Delivery>(`${platform.url}/v1/webhook-test`, { url: `${receiver.url}/test` }, me),
    await post<Delivery>(
      `${platform.url}/v1/admin/webhook-deliveries/test`,
      { url: `${receiver.url}/test`, tenant: 'me' },
      admin,
    ),
  ]
  for (const { status, body } of asked) {
    expect([status, body.event, body.jobId]).toEqual([202, 'webhook.test', null])
    const arrived = () => receiver.requests.find(({ headers }) => headers['webhook-id'] === body.id)
    await until(() => arrived() !== undefined)
    const { secret } = await secretOf(me)
    const message = new Webhook(secret).verify(arrived()?.body ?? '', arrived()?.headers ?? {})
    expect(message).toMatchObject({ type: 'webhook.test', data: { id: body.id } })
    const read = await get(`${platform.url}/v1/webhook-deliveries/${body.id}`, me)
    expect(read).toMatchObject({ status: 200, body: { payload: message } })
  }
})

test('a refusal names the setting that opens what is refused', async () => {
  for (const path of ['/v1/webhook-test', '/v1/jobs']) {
    const asked = (url: string) =>
      post<{ detail: string }>(
        `${platform.url}${path}`,
        path === '/v1/jobs' ? { ...HELLO, webhook: { url } } : { url },
        me,
      )
    const internal = await asked('http://10.1.2.3/')
    expect([internal.status, internal.body.detail]).toEqual([422, expect.stringContaining('WEBHOOK_ALLOW')])
    const port = await asked('https://8.8.8.8:22/')
    expect([port.status, port.body.detail]).toEqual([422, expect.stringContaining('WEBHOOK_PORTS')])
  }
})

test('deliveries are listed newest first, in pages, by state, and to their tenant alone', async () => {
  const key = await makeKey(platform, 'lister')
  const ids: string[] = []
  for (let i = 0; i < 3; i++) {
    const id = await submit({ webhook: { url: receiver.url } }, key)
    await until(() => received(id).length === 1)
    await until(async () => (await deliveryOf(id, 'finished', key)).state === 'succeeded')
    ids.unshift(`${id}-finished`)
  }
  type Page = { deliveries: Delivery[]; next: string | null }
  const list = async (query: string, as = key) =>
    (await get<Page>(`${platform.url}/v1/webhook-deliveries${query}`, as)).body
  const all = await list('')
  expect(all).toMatchObject({ deliveries: ids.map((id) => ({ id, state: 'succeeded' })), next: null })
  expect(all.deliveries[0]).not.toHaveProperty('tenant')
  const first = await list('?limit=2')
  expect(first.deliveries.map(({ id }) => id)).toEqual(ids.slice(0, 2))
  const second = await list(`?limit=2&cursor=${first.next}`)
  expect(second).toMatchObject({ deliveries: [{ id: ids[2] }], next: null })
  expect((await list('?state=failed')).deliveries).toEqual([])
  const others = await list('', other)
  expect(others.deliveries.filter(({ id }) => ids.includes(id))).toEqual([])
})

test.each(['limit=0', 'limit=101', 'limit=x', 'state=unknown', 'cursor=nonsense', 'colour=red', 'limit=1&limit=2'])(
  'a list is not answered for %s',
  async (query) => {
    const { status, body } = await get(`${platform.url}/v1/webhook-deliveries?${query}`, me)
    expect(status).toBe(422)
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: `/${query.split('=')[0]}` }] })
  },
)

test('after a rotation holders of the old and of the new secret both verify what arrives', async () => {
  const key = await makeKey(platform, 'rotating')
  const before = await secretOf(key)
  expect(await secretOf(key)).toEqual(before)
  const { status, body: after } = await post<TenantSecrets>(`${platform.url}/v1/webhook-secret/rotate`, '', key)
  expect(status).toBe(200)
  expect(after.secret).not.toBe(before.secret)
  expect(after.previous).toEqual([{ secret: before.secret, validUntil: expect.any(String) }])
  const id = await submit({ webhook: { url: receiver.url } }, key)
  await until(() => received(id).length === 1)
  const [{ body, headers } = { body: '', headers: {} }] = received(id)
  for (const { secret } of [before, after]) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ data: { id } })
  }
})

test('without a key, or with one that opens neither jobs nor containers, there are no secrets and no deliveries', async () => {
  const admin = await makeKey(platform, 'me', { scopes: ['admin'] })
  for (const path of ['/v1/webhook-secret', '/v1/webhook-deliveries']) {
    expect((await get(`${platform.url}${path}`)).status).toBe(401)
    expect((await get(`${platform.url}${path}`, admin)).status).toBe(403)
    const wrong = await fetch(`${platform.url}${path}`, { method: 'PUT', headers: me })
    expect(wrong.status).toBe(405)
    expect((await get(`${platform.url}${path}`, me)).headers.get('cache-control')).toBe('no-store')
  }
})

test('the delivery of a job whose worker died right after storing its end is found and made', async () => {
  const own = await openDeliverer()
  const records = createJobRecords(own.redis, own.keys, RETENTION)
  const webhook = { url: receiver.url, events: ['job.started' as const, 'job.finished' as const] }
  const job = finishedJob()
  const spec = submittedJob(job.id, 'me', { webhook })
  await admit(records, spec)
  const started = await records.start(spec)
  expect(started).toEqual({ kind: 'started', attempt: 1, delivery: `${job.id}-started` })
  // Another attempt after the first was lost; its start is not told again.
  expect(await records.start(spec)).toEqual({ kind: 'started', attempt: 2, delivery: '' })
  const ended = { ...job, attempt: 2 }
  const finish = () => records.finish(ended, 'me', {})
  expect(await finish()).toMatchObject({ stored: true, delivery: `${job.id}-finished` })
  expect(await finish()).toMatchObject({ stored: false, delivery: '' })
  // Nobody queues what the two steps noted: as if the worker had been killed after each.
  const deliverer = await own.start()
  await deliverer.recoverPending(-1)
  await own.end(`${job.id}-started`)
  await own.end(`${job.id}-finished`)
  expect(
    received(job.id)
      .map((request) => messageOf(request).type)
      .toSorted(),
  ).toEqual(['job.finished', 'job.started'])
  await own.close()
})

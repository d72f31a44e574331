import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Delivery } from '../../src/shared/webhooks/delivery.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { type SessionClient, sessionClient } from '../support/session-client.ts'

const URL = 'https://hooks.example.com/runyard'
let gateway: LoneGateway
let client: SessionClient

beforeAll(async () => {
  gateway = await startLoneGateway()
  client = sessionClient(gateway.url, (await gateway.makeKey('ada', { scopes: ['sessions', 'jobs'] })).headers)
})
afterAll(() => gateway.close())

const deliveries = async () =>
  (await client.call<{ deliveries: Delivery[] }>('GET', '/v1/webhook-deliveries')).body.deliveries

test('the end of a session is told to its webhook, once, with the cause', async () => {
  const webhook = { url: URL, events: ['session.ended', 'session.started'] }
  const { status, body } = await client.create({ webhook }, 0)
  expect(status).toBe(201)
  expect(await deliveries()).toEqual([])
  await client.end(body.id)
  await client.end(body.id)
  const [delivery, ...others] = await deliveries()
  expect(others).toEqual([])
  expect(delivery).toMatchObject({
    event: 'session.ended',
    jobId: null,
    sessionId: body.id,
    url: URL,
    state: 'pending',
  })
  const whole = await client.call<{ payload: object }>('GET', `/v1/webhook-deliveries/${delivery?.id}`)
  expect(whole.body.payload).toMatchObject({
    type: 'session.ended',
    data: { id: body.id, state: 'ended', reason: 'deleted', url: `/v1/sessions/${body.id}` },
  })
})

test('a session without a webhook, or with one of other events, tells nothing', async () => {
  const before = (await deliveries()).length
  for (const request of [{}, { webhook: { url: URL, events: ['session.started'] } }]) {
    const { body } = await client.create(request, 0)
    await client.end(body.id)
  }
  expect(await deliveries()).toHaveLength(before)
})

test('a webhook that leads inside, or of jobs, is refused', async () => {
  for (const webhook of [{ url: 'http://127.0.0.1/' }, { url: URL, events: ['job.finished'] }]) {
    const answer = await client.create({ webhook }, 0)
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-request' } })
  }
})

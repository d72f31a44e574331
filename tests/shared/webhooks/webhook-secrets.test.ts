import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { webhookHeaders } from '../../../src/shared/webhooks/sign.ts'
import { createWebhookSecrets } from '../../../src/shared/webhooks/webhook-secrets.ts'
import { openTestRedis, type TestRedis } from '../security/test-redis.ts'

const HOUR = 3_600_000

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

const seconds = () => Math.floor(Date.now() / 1000)
const secretText = () => `whsec_${randomBytes(32).toString('base64')}`

test('a signature is one that the library of Standard Webhooks takes, for any text', () => {
  const secret = secretText()
  for (const body of ['{}', '{"text":"ü 🙂 \\u0000"}', '"' + 'x'.repeat(100_000) + '"']) {
    const headers = webhookHeaders('id-1', seconds(), body, [secret])
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature')
    expect(() => new Webhook(secretText()).verify(body, headers)).toThrow('No matching signature')
    expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'id-2' })).toThrow(
      'No matching signature',
    )
  }
})

test('a text signed with two secrets is taken by the holder of either; without a secret there is no signature', () => {
  const secrets = [secretText(), secretText()]
  const headers = webhookHeaders('id-1', seconds(), '{}', secrets)
  for (const secret of secrets) expect(new Webhook(secret).verify('{}', headers)).toEqual({})
  expect(webhookHeaders('id-1', 5, '{}', [])).toEqual({
    'content-type': 'application/json',
    'user-agent': 'Runyard',
    'webhook-id': 'id-1',
    'webhook-timestamp': '5',
  })
})

test('a tenant has one secret of 256 bits from its first use on, also when many ask at once', async () => {
  const secrets = createWebhookSecrets(own.redis, own.keys)
  const found = await Promise.all(Array.from({ length: 20 }, () => secrets.read('first')))
  expect(new Set(found.map(({ secret }) => secret)).size).toBe(1)
  expect(found[0]?.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(found[0]?.previous).toEqual([])
  expect((await secrets.read('second')).secret).not.toBe(found[0]?.secret)
})

test('after a rotation the old secret signs beside the new one for 24 h, then no longer', async () => {
  let now = Date.parse('2027-01-01T00:00:00Z')
  const secrets = createWebhookSecrets(own.redis, own.keys, () => now)
  const before = await secrets.read('rotated')
  const after = await secrets.rotate('rotated')
  expect(after.secret).not.toBe(before.secret)
  expect(after.previous).toEqual([{ secret: before.secret, validUntil: '2027-01-02T00:00:00.000Z' }])
  now += 24 * HOUR - 1
  expect(await secrets.read('rotated')).toEqual(after)
  now += 1
  expect(await secrets.read('rotated')).toEqual({ secret: after.secret, previous: [] })
})

test('after two rotations in a day three secrets sign; never more than five', async () => {
  let now = Date.parse('2027-01-01T00:00:00Z')
  const secrets = createWebhookSecrets(own.redis, own.keys, () => now)
  const made = [(await secrets.read('often')).secret]
  for (let i = 0; i < 2; i++) {
    now += HOUR
    made.unshift((await secrets.rotate('often')).secret)
  }
  const { secret, previous } = await secrets.read('often')
  expect([secret, ...previous.map((one) => one.secret)]).toEqual(made)
  for (let i = 0; i < 5; i++) {
    now += 1000
    made.unshift((await secrets.rotate('often')).secret)
  }
  const later = await secrets.read('often')
  expect([later.secret, ...later.previous.map((one) => one.secret)]).toEqual(made.slice(0, 5))
})

test('the secret of a tenant that is never seen again does not stay for ever', async () => {
  await createWebhookSecrets(own.redis, own.keys).read('gone')
  expect(await own.redis.ttl(own.keys.webhookSecrets('gone'))).toBeGreaterThan(0)
})

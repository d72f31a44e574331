import { randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { verifyWebhook } from '../../src/client/verify-webhook.ts'
import { webhookHeaders } from '../../src/shared/webhooks/sign.ts'

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`
const secret = newSecret()
const body = '{"type":"job.finished","data":{"id":"1","message":"é"}}'
const now = () => Math.floor(Date.now() / 1000)
const headersAt = (seconds: number, ...secrets: string[]) => webhookHeaders('event-1', seconds, body, secrets)

test('what the service signs is taken, as text, as bytes, with either kind of headers', async () => {
  const plain = headersAt(now(), secret)
  const content = JSON.parse(body) as unknown
  expect(await verifyWebhook({ headers: plain, body, secret })).toEqual(content)
  expect(await verifyWebhook({ headers: new Headers(plain), body: Buffer.from(body), secret })).toEqual(content)
})

test('what another library for Standard Webhooks signs is taken too', async () => {
  const seconds = now()
  const signature = new Webhook(secret).sign('event-2', new Date(seconds * 1000), body)
  const headers = { 'webhook-id': 'event-2', 'webhook-timestamp': String(seconds), 'webhook-signature': signature }
  expect(await verifyWebhook({ headers, body, secret })).toEqual(JSON.parse(body))
})

test('while a secret is changed either of them will do, on both sides', async () => {
  const other = newSecret()
  expect(await verifyWebhook({ headers: headersAt(now(), other, secret), body, secret })).toBeDefined()
  expect(await verifyWebhook({ headers: headersAt(now(), secret), body, secret: [other, secret] })).toBeDefined()
})

test.each([
  { what: 'another body', change: { body: `${body} ` }, words: 'no signature' },
  { what: 'another secret', change: { secret: newSecret() }, words: 'no signature' },
  { what: 'too old', change: { headers: headersAt(now() - 400, secret) }, words: 'more than 300 s' },
  { what: 'of the future', change: { headers: headersAt(now() + 400, secret) }, words: 'more than 300 s' },
  { what: 'without signatures', change: { headers: headersAt(now()) }, words: 'webhook-signature is missing' },
  {
    what: 'signed with a version to come',
    change: { headers: { ...headersAt(now(), secret), 'webhook-signature': 'v2,AAAA' } },
    words: 'no signature',
  },
  {
    what: 'with a signature that is not base64',
    change: { headers: { ...headersAt(now(), secret), 'webhook-signature': 'v1,*' } },
    words: 'no signature',
  },
  {
    what: 'with another id',
    change: { headers: { ...headersAt(now(), secret), 'webhook-id': 'event-9' } },
    words: 'no signature',
  },
  {
    what: 'with a time that is none',
    change: { headers: { ...headersAt(now(), secret), 'webhook-timestamp': 'NaN' } },
    words: 'not a time',
  },
])('$what is refused', async ({ change, words }) => {
  const refused = verifyWebhook({ headers: headersAt(now(), secret), body, secret, ...change })
  await expect(refused).rejects.toThrow(words)
  await expect(refused).rejects.toHaveProperty('name', 'WebhookVerificationError')
})

test('a secret that cannot be one is an error of the caller’s', async () => {
  await expect(verifyWebhook({ headers: headersAt(now(), secret), body, secret: 'hunter2' })).rejects.toThrow(TypeError)
})

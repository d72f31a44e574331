import type { SessionWebhookBody, WebhookBody, WebhookTestBody } from './api-types.ts'

/** What came is not signed by who knows the secret, or is too old. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
}

export interface ReceivedWebhook {
  /** Those of the request; the names of a plain object in lower case, as Node has them. */
  headers: Headers | Record<string, string | string[] | undefined>
  /** As it came, byte for byte: not parsed and written anew. */
  body: string | Uint8Array
  /** `whsec_...` of `GET /v1/webhook-secret`; several while it is being changed. */
  secret: string | readonly string[]
  /** How far its time may be off, in seconds; 300 when absent. */
  toleranceSeconds?: number
}

/**
 * What a webhook tells, once it is certain that Runyard sent it (Standard Webhooks, version 1, https://www.standardwebhooks.com).
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  received: ReceivedWebhook,
): Promise<WebhookBody | SessionWebhookBody | WebhookTestBody> {
  const { headers, body, secret, toleranceSeconds = 300 } = received
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature')
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('webhook-timestamp is not a time in seconds')
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookVerificationError(`webhook-timestamp is more than ${toleranceSeconds} s from now`)
  }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes)
  const given = signatures.split(' ').flatMap((one) => {
    const [version, mac = ''] = one.split(',')
    return version === 'v1' ? [base64Bytes(mac)] : []
  })
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const key = await crypto.subtle.importKey('raw', secretBytes(one), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ])
    for (const mac of given) {
      // Compares in constant time.
      if (mac && (await crypto.subtle.verify('HMAC', key, mac, signed))) {
        return JSON.parse(new TextDecoder().decode(bytes)) as WebhookBody | SessionWebhookBody | WebhookTestBody
      }
    }
  }
  throw new WebhookVerificationError('no signature in webhook-signature is one by this secret')
}

function headerOf(headers: ReceivedWebhook['headers'], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  if (typeof value !== 'string') throw new WebhookVerificationError(`the header ${name} is missing`)
  return value
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = secret.startsWith('whsec_') ? base64Bytes(secret.slice('whsec_'.length)) : undefined
  if (!bytes || bytes.length === 0) throw new TypeError('a webhook secret is whsec_ and base64')
  return bytes
}

function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

import { createHmac } from 'node:crypto'

const SECRET_PREFIX = 'whsec_'

/**
 * The headers of a delivery as Standard Webhooks has them (https://www.standardwebhooks.com, version 1).
 * @param id the same for every attempt
 * @param seconds when this attempt is made, in seconds since 1970
 * @param secret `whsec_` and base64; undefined: there is no signature
 */
export function alertHeaders(id: string, seconds: number, body: string, secret: string | undefined): Headers {
  const headers = new Headers({
    'content-type': 'application/json',
    'user-agent': 'Runyard',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
  })
  if (secret !== undefined) {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    const mac = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
    headers.set('webhook-signature', `v1,${mac}`)
  }
  return headers
}

import { createHmac } from 'node:crypto'

/** What a secret begins with; the rest is base64. */
export const SECRET_PREFIX = 'whsec_'

/**
 * The headers of one attempt, as Standard Webhooks has them (https://www.standardwebhooks.com, version 1).
 * @param id the same for every attempt; has no full stop
 * @param seconds when this attempt is made, in seconds since 1970
 * @param body the bytes that are sent, as text
 * @param secrets each `whsec_` and base64; there is one signature for each, and none when there are none
 */
export function webhookHeaders(
  id: string,
  seconds: number,
  body: string,
  secrets: readonly string[],
): Record<string, string> {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Runyard',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
  }
  if (secrets.length === 0) return headers
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return { ...headers, 'webhook-signature': signatures.join(' ') }
}

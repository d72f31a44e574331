import { randomBytes } from 'node:crypto'
import type { Redis, Result } from 'ioredis'
import Type, { type Static } from 'typebox'
import { MINUTE } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { SECRET_PREFIX } from './sign.ts'

const HOUR = 60 * MINUTE
/** How long a secret still signs after another took its place. */
const OVERLAP_MS = 24 * HOUR
/** Secrets of a tenant that sign at one time, however often it asks for new ones. */
const MAX_SECRETS = 5
/** A tenant that neither reads nor uses its secrets for so long gets a new one. */
const UNUSED_TTL_SECONDS = 365 * 24 * 3600
const SECRET_BYTES = 32

export const TenantSecrets = Type.Object({
  secret: Type.String({ description: '`whsec_` and base64' }),
  previous: Type.Array(Type.Object({ secret: Type.String(), validUntil: Type.String({ format: 'date-time' }) }), {
    description: 'those it took the place of that still sign, newest first',
  }),
})
export type TenantSecrets = Static<typeof TenantSecrets>

/**
 * The secrets that tenants' webhooks are signed with. They stand in Redis as they are: a hash could not sign.
 */
export interface WebhookSecrets {
  /** Makes the first one of a tenant that has none. */
  read: (tenant: string) => Promise<TenantSecrets>
  /** Puts a new one in the place of the current one, which goes on to sign beside it for 24 h. */
  rotate: (tenant: string) => Promise<TenantSecrets>
}

/**
 * KEYS: sorted set of secrets by until when they sign, in ms; the current one by infinity.
 * ARGV: now in ms, a fresh secret, 1 to put it in the place of the current one, until when that still signs.
 * @returns secrets and until when, newest first
 */
const SECRETS_SCRIPT = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local current = redis.call('ZRANGEBYSCORE', KEYS[1], '+inf', '+inf')
if #current == 0 or ARGV[3] == '1' then
  for _, secret in ipairs(current) do redis.call('ZADD', KEYS[1], ARGV[4], secret) end
  redis.call('ZADD', KEYS[1], '+inf', ARGV[2])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, ${-MAX_SECRETS - 1})
end
redis.call('EXPIRE', KEYS[1], ${UNUSED_TTL_SECONDS})
return redis.call('ZREVRANGE', KEYS[1], 0, -1, 'WITHSCORES')`

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardWebhookSecrets(
      key: string,
      now: number,
      fresh: string,
      rotate: 0 | 1,
      overlapUntil: number,
    ): Result<string[], Context>
  }
}

/** @param now the time in ms; that of this machine unless given */
export function createWebhookSecrets(redis: Redis, keys: Keys, now: () => number = Date.now): WebhookSecrets {
  redis.defineCommand('runyardWebhookSecrets', { numberOfKeys: 1, lua: SECRETS_SCRIPT })
  const ask = async (tenant: string, rotate: 0 | 1): Promise<TenantSecrets> => {
    const fresh = SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64')
    const at = now()
    const flat = await redis.runyardWebhookSecrets(keys.webhookSecrets(tenant), at, fresh, rotate, at + OVERLAP_MS)
    const [secret = '', , ...rest] = flat
    const previous: TenantSecrets['previous'] = []
    for (let i = 0; i < rest.length; i += 2) {
      previous.push({ secret: rest[i] ?? '', validUntil: new Date(Number(rest[i + 1])).toISOString() })
    }
    return { secret, previous }
  }
  return { read: (tenant) => ask(tenant, 0), rotate: (tenant) => ask(tenant, 1) }
}

import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import Type, { type Static } from 'typebox'
import { MINUTE } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
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
    description: 'former secrets that still sign, newest first',
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

/** @returns secrets and until when they sign, newest first */
const SECRETS = luaScript<
  {
    tenant: string
    nowMs: number
    /** A new one. */
    fresh: string
    /** Whether it takes the place of the current one, and until when that still signs. */
    rotates: boolean
    overlapUntilMs: number
  },
  string[]
>(
  'runyardWebhookSecrets',
  `
local secrets = keys.webhookSecrets(input.tenant)
redis.call('ZREMRANGEBYSCORE', secrets, '-inf', input.nowMs)
local current = redis.call('ZRANGEBYSCORE', secrets, '+inf', '+inf')
if #current == 0 or input.rotates then
  for _, secret in ipairs(current) do redis.call('ZADD', secrets, input.overlapUntilMs, secret) end
  redis.call('ZADD', secrets, '+inf', input.fresh)
  redis.call('ZREMRANGEBYRANK', secrets, 0, ${-MAX_SECRETS - 1})
end
redis.call('EXPIRE', secrets, ${UNUSED_TTL_SECONDS})
return redis.call('ZREVRANGE', secrets, 0, -1, 'WITHSCORES')`,
)

/** @param now the time in ms; that of this machine unless given */
export function createWebhookSecrets(redis: Redis, keys: Keys, now: () => number = Date.now): WebhookSecrets {
  defineScripts(redis, [SECRETS])
  const ask = async (tenant: string, rotates: boolean): Promise<TenantSecrets> => {
    const fresh = SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64')
    const nowMs = now()
    const input = { tenant, nowMs, fresh, rotates, overlapUntilMs: nowMs + OVERLAP_MS }
    const flat = await runScript(redis, keys.prefix, SECRETS, input)
    const [secret = '', , ...rest] = flat
    const previous: TenantSecrets['previous'] = []
    for (let i = 0; i < rest.length; i += 2) {
      previous.push({ secret: rest[i] ?? '', validUntil: new Date(Number(rest[i + 1])).toISOString() })
    }
    return { secret, previous }
  }
  return { read: (tenant) => ask(tenant, false), rotate: (tenant) => ask(tenant, true) }
}

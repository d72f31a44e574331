import { timingSafeEqual } from 'node:crypto'
import type { Redis } from 'ioredis'
import { MINUTE } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { Scope } from './api-key.ts'
import { formatBrowserToken, hashSecret, newKeyText, parseBrowserToken } from './key-text.ts'

/** What is kept of a token that a page runs code with. Its secret is not. */
export interface BrowserToken {
  /** 12 characters of 0-9 and a-f. */
  id: string
  /** Of the key that made it, which holds for it; null where there are no keys. */
  keyId: string | null
  /** Its own part of the tenant that made it: `TENANT~ID`. */
  tenant: string
  /** The only origin whose pages may show it, as browsers name it: `https://docs.example.com`. */
  origin: string
  scopes: readonly Scope[]
  /** RFC 3339, UTC. */
  createdAt: string
  expiresAt: string
}

/** Tokens for pages: short-lived, each for one origin. Redis forgets them when they expire. */
export interface BrowserTokens {
  /** @returns what is kept, and the token itself, which cannot be had again; or when the first ends, where its maker has as many as it may */
  create: (
    fields: Pick<BrowserToken, 'keyId' | 'origin' | 'scopes'> & { account: string; lifetimeMs: number },
  ) => Promise<{ record: BrowserToken; token: string } | { roomInMs: number }>
  /** @returns undefined for one that is not valid, whatever the reason */
  verify: (presented: string) => Promise<BrowserToken | undefined>
  /** Whether tokens are for pages of this origin, or were shortly before: its pages are answered so that they can read why not. */
  isKnownOrigin: (origin: string) => Promise<boolean>
}

/** How long an origin is known beyond its last token. */
const ORIGIN_REST_MS = 60 * MINUTE
/** Tokens of one key, or of one tenant without keys, that are valid at one time: each has the rates of its key. */
export const MAX_BROWSER_TOKENS = 1000

/** Bulk: the token, as JSON. @returns 0, or in how many ms there is room */
const CREATE = luaScript<
  { id: string; maker: string; origin: string; nowMs: number; lifetimeMs: number; restMs: number; most: number },
  number
>(
  'runyardBrowserTokenCreate',
  `
local now, lifetime, rest = input.nowMs, input.lifetimeMs, input.restMs
local ofMaker, origins = keys.browserTokensOf(input.maker), keys.browserOrigins
redis.call('ZREMRANGEBYSCORE', ofMaker, '-inf', now)
if redis.call('ZCARD', ofMaker) >= input.most then
  return redis.call('ZRANGE', ofMaker, 0, 0, 'WITHSCORES')[2] - now
end
redis.call('SET', keys.browserToken(input.id), bulk[1], 'PX', lifetime)
redis.call('ZREMRANGEBYSCORE', origins, '-inf', now)
redis.call('ZADD', ofMaker, now + lifetime, input.id)
redis.call('ZADD', origins, 'GT', now + lifetime + rest, input.origin)
for key, life in pairs({[ofMaker] = lifetime, [origins] = lifetime + rest}) do
  redis.call('PEXPIRE', key, life, 'NX')
  redis.call('PEXPIRE', key, life, 'GT')
end
return 0`,
)

/** What stands between a tenant and a token of it. No tenant of a key has it in its name. */
const SEPARATOR = '~'
/** Whether callers of this tenant are pages with a token. */
export const isOfBrowser = (tenant: string): boolean => tenant.includes(SEPARATOR)

export function createBrowserTokens(redis: Redis, keys: Keys, now: () => number = Date.now): BrowserTokens {
  defineScripts(redis, [CREATE])
  return {
    async create({ account, lifetimeMs, ...fields }) {
      const text = newKeyText()
      const at = now()
      const expiresMs = at + lifetimeMs
      const record: BrowserToken = {
        ...fields,
        id: text.id,
        tenant: `${account}${SEPARATOR}${text.id}`,
        createdAt: new Date(at).toISOString(),
        expiresAt: new Date(expiresMs).toISOString(),
      }
      const stored = JSON.stringify({ ...record, secretHash: hashSecret(text.secret).toString('hex') })
      const input = {
        id: text.id,
        maker: fields.keyId ?? account,
        origin: fields.origin,
        nowMs: at,
        lifetimeMs,
        restMs: ORIGIN_REST_MS,
        most: MAX_BROWSER_TOKENS,
      }
      const roomInMs = await runScript(redis, keys.prefix, CREATE, input, [stored])
      return roomInMs > 0 ? { roomInMs } : { record, token: formatBrowserToken(text) }
    },
    async verify(presented) {
      const text = parseBrowserToken(presented)
      const found = text && (await redis.get(keys.browserToken(text.id)))
      if (!text || !found) return undefined
      const { secretHash, ...record } = JSON.parse(found) as BrowserToken & { secretHash: string }
      const isRight = timingSafeEqual(hashSecret(text.secret), Buffer.from(secretHash, 'hex'))
      return isRight && Date.parse(record.expiresAt) > now() ? record : undefined
    },
    async isKnownOrigin(origin) {
      const until = await redis.zscore(keys.browserOrigins, origin)
      return until !== null && Number(until) > now()
    },
  }
}

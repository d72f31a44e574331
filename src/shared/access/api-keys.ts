import { timingSafeEqual } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { ApiKey } from './api-key.ts'
import { formatKey, hashSecret, newKeyText, parseKey } from './key-text.ts'
import type { NewApiKey } from './new-api-key.ts'

/** All API keys of an installation. Nothing is cached: what is read is what holds now. */
export interface ApiKeys {
  /**
   * @param fields checked before, with `newApiKeyErrors`
   * @returns what is kept of the key, and the key itself, which cannot be had again
   */
  create: (fields: NewApiKey) => Promise<{ record: ApiKey; secretKey: string }>
  /** @returns the record of a key that opens something now; undefined for every other, whatever the reason */
  verify: (presented: string) => Promise<ApiKey | undefined>
  find: (id: string) => Promise<ApiKey | undefined>
  /** The record of a key of this id that opens something now; undefined for every other. */
  findValid: (id: string) => Promise<ApiKey | undefined>
  /** Revoked and expired ones too, oldest first. */
  list: () => Promise<ApiKey[]>
  /** Ends a key on every gateway at once; its record stays. Idempotent. @returns undefined when there is none */
  revoke: (id: string) => Promise<ApiKey | undefined>
  /** Ends a key and forgets it, for one that nobody but its maker ever had. Idempotent. */
  remove: (id: string) => Promise<void>
}

interface StoredApiKey extends ApiKey {
  /** SHA-256 of the secret, in hexadecimal. */
  secretHash: string
}

/** Compared with when there is no key of an id, so that this takes the same steps as a wrong secret. */
const NO_HASH = Buffer.alloc(32)

/** Bulk: the record as it was read, and as it is to be. */
const REVOKE = luaScript<{ id: string }, number>(
  'runyardRevokeKey',
  `
if redis.call('GET', keys.apiKey(input.id)) ~= bulk[1] then return 0 end
redis.call('SET', keys.apiKey(input.id), bulk[2])
redis.call('PUBLISH', keys.revocations, input.id)
return 1`,
)

/** @param now the time in ms; that of this machine unless given */
export function createApiKeys(redis: Redis, keys: Keys, now: () => number = Date.now): ApiKeys {
  defineScripts(redis, [REVOKE])

  const isOver = ({ revokedAt, expiresAt }: ApiKey): boolean =>
    revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= now())

  const find = async (id: string): Promise<ApiKey | undefined> => {
    const found = await redis.get(keys.apiKey(id))
    return found === null ? undefined : withoutHash(JSON.parse(found) as StoredApiKey)
  }

  const revoke = async (id: string): Promise<ApiKey | undefined> => {
    const before = await redis.get(keys.apiKey(id))
    if (before === null) return undefined
    const stored = JSON.parse(before) as StoredApiKey
    if (stored.revokedAt !== null) return withoutHash(stored)
    const after: StoredApiKey = { ...stored, revokedAt: new Date(now()).toISOString() }
    const done = await runScript(redis, keys.prefix, REVOKE, { id }, [before, JSON.stringify(after)])
    // Somebody else changed it meanwhile, and nothing else than this is ever changed.
    return done === 1 ? withoutHash(after) : await revoke(id)
  }

  return {
    async create(fields) {
      const text = newKeyText()
      const createdAtMs = now()
      const record: ApiKey = {
        id: text.id,
        name: fields.name,
        tenant: fields.tenant,
        scopes: fields.scopes ?? ['jobs'],
        rate: fields.rate ?? null,
        maxRunningJobs: fields.maxRunningJobs ?? null,
        maxSessions: fields.maxSessions ?? null,
        limits: fields.limits ?? {},
        screening: fields.screening ?? null,
        webhook: fields.webhook ?? null,
        createdAt: new Date(createdAtMs).toISOString(),
        expiresAt: fields.expiresAt === undefined ? null : new Date(fields.expiresAt).toISOString(),
        revokedAt: null,
      }
      const stored: StoredApiKey = { ...record, secretHash: hashSecret(text.secret).toString('hex') }
      // Listed first: a key that opens something is never one that no list shows.
      await redis.zadd(keys.apiKeys, 'NX', createdAtMs, text.id)
      if ((await redis.set(keys.apiKey(text.id), JSON.stringify(stored), 'NX')) === null) {
        throw new Error(`there is a key ${text.id} already`)
      }
      return { record, secretKey: formatKey(text) }
    },
    async verify(presented) {
      const text = parseKey(presented)
      if (!text) return undefined
      const found = await redis.get(keys.apiKey(text.id))
      const stored = found === null ? undefined : (JSON.parse(found) as StoredApiKey)
      const expected = stored ? Buffer.from(stored.secretHash, 'hex') : NO_HASH
      const isRight = timingSafeEqual(hashSecret(text.secret), expected)
      return isRight && stored && !isOver(stored) ? withoutHash(stored) : undefined
    },
    find,
    async findValid(id) {
      const key = await find(id)
      return key && !isOver(key) ? key : undefined
    },
    async list() {
      const ids = await redis.zrange(keys.apiKeys, '0', '-1')
      if (ids.length === 0) return []
      const found = await redis.mget(ids.map((id) => keys.apiKey(id)))
      return found.flatMap((one) => (one === null ? [] : [withoutHash(JSON.parse(one) as StoredApiKey)]))
    },
    revoke,
    async remove(id) {
      await redis.multi().del(keys.apiKey(id)).zrem(keys.apiKeys, id).publish(keys.revocations, id).exec()
    },
  }
}

function withoutHash(stored: StoredApiKey): ApiKey {
  const { secretHash: _secretHash, ...record } = stored
  // Keys of before it have none.
  return { ...record, maxSessions: record.maxSessions ?? null }
}

import type { Redis } from 'ioredis'
import { SECOND } from '../../../shared/limits.ts'

/** What a tenant has several of, each until a time of its own. */
export interface TenantRecords<T extends { expiresAt: string }> {
  put: (tenant: string, id: string, record: T) => Promise<void>
  get: (tenant: string, id: string) => Promise<T | undefined>
  /** Those that have not expired, by id. */
  all: (tenant: string) => Promise<Map<string, T>>
  /** @returns whether it was there */
  remove: (tenant: string, id: string) => Promise<boolean>
}

/** @param keyOf the hash of a tenant, which goes with the last of its records */
export function createTenantRecords<T extends { expiresAt: string }>(
  redis: Redis,
  keyOf: (tenant: string) => string,
): TenantRecords<T> {
  const live = (json: string): T | undefined => {
    const record = JSON.parse(json) as T
    return Date.parse(record.expiresAt) > Date.now() ? record : undefined
  }
  return {
    async put(tenant, id, record) {
      const key = keyOf(tenant)
      const until = Math.ceil(Date.parse(record.expiresAt) / SECOND)
      await redis
        .multi()
        .hset(key, id, JSON.stringify(record))
        .expireat(key, until, 'NX')
        .expireat(key, until, 'GT')
        .exec()
    },
    async get(tenant, id) {
      const json = await redis.hget(keyOf(tenant), id)
      return json === null ? undefined : live(json)
    },
    async all(tenant) {
      const key = keyOf(tenant)
      const found = Object.entries(await redis.hgetall(key)).map(([id, json]) => [id, live(json)] as const)
      const expired = found.flatMap(([id, record]) => (record ? [] : [id]))
      if (expired.length > 0) await redis.hdel(key, ...expired)
      return new Map(found.flatMap(([id, record]) => (record ? [[id, record]] : [])))
    },
    remove: async (tenant, id) => (await redis.hdel(keyOf(tenant), id)) === 1,
  }
}

import type { Redis } from 'ioredis'
import { MIB } from '../../../shared/limits.ts'
import type { Keys } from '../../../shared/redis/keys.ts'

/**
 * Files that clients send before the runs that use them. It is a cache: a client sends again what is not there. So a tenant that has
 * sent more than it may begins anew, and nothing stays for long.
 */
export interface SentFiles {
  put: (tenant: string, id: string, content: Buffer) => Promise<void>
  has: (tenant: string, id: string) => Promise<boolean>
  /** @returns undefined when one of them is not there */
  get: (tenant: string, ids: readonly string[]) => Promise<Buffer[] | undefined>
}

const MAX_TENANT_BYTES = 8 * MIB
const LIFETIME_SECONDS = 15 * 60
/** What a file costs beside its content. */
const FILE_BYTES = 128
/** No id of a file. */
const TOTAL = '#bytes'

/** @param bulk a connection for what may be long */
export function createSentFiles(bulk: Redis, keys: Keys): SentFiles {
  return {
    async put(tenant, id, content) {
      const key = keys.compatFiles(tenant)
      const cost = content.length + FILE_BYTES
      const sum = await bulk.hincrby(key, TOTAL, cost)
      const write = bulk.multi()
      if (sum > MAX_TENANT_BYTES) write.del(key).hset(key, TOTAL, cost)
      await write.hset(key, id, content).expire(key, LIFETIME_SECONDS).exec()
    },
    has: async (tenant, id) => (await bulk.hexists(keys.compatFiles(tenant), id)) === 1,
    async get(tenant, ids) {
      if (ids.length === 0) return []
      const found = await bulk.hmgetBuffer(keys.compatFiles(tenant), ...ids)
      return found.every((content) => content !== null) ? found : undefined
    },
  }
}

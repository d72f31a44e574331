import type { Redis } from 'ioredis'
import type { Idempotency } from './job-record.ts'
import { IDEMPOTENCY_TTL_SECONDS } from './job-scripts.ts'
import type { Keys } from './keys.ts'

/** Jobs that were submitted in one call. */
export interface Batch {
  id: string
  tenant: string
  createdAt: string
  jobIds: string[]
}

export interface BatchRecords {
  /** @returns what is known of the idempotency key, and stores nothing then */
  store: (
    batch: Batch,
    idempotency: Idempotency | undefined,
  ) => Promise<{ id: string; fingerprint: string } | undefined>
  read: (id: string) => Promise<Batch | undefined>
  remove: (batch: Batch, idempotency: Idempotency | undefined) => Promise<void>
}

/** As long as a job may wait in the queue: its jobs' own records end when they end. */
const TTL_SECONDS = 14 * 24 * 3600

export function createBatchRecords(redis: Redis, keys: Keys): BatchRecords {
  return {
    async store(batch, idempotency) {
      if (idempotency) {
        const key = keys.idempotency(batch.tenant, idempotency.hash)
        const mine = `${batch.id} ${idempotency.fingerprint}`
        const known = await redis.set(key, mine, 'EX', IDEMPOTENCY_TTL_SECONDS, 'NX', 'GET')
        if (known !== null) {
          const [id = '', fingerprint = ''] = known.split(' ')
          return { id, fingerprint }
        }
      }
      await redis.set(keys.batch(batch.id), JSON.stringify(batch), 'EX', TTL_SECONDS)
      return undefined
    },
    async read(id) {
      const text = await redis.get(keys.batch(id))
      return text === null ? undefined : (JSON.parse(text) as Batch)
    },
    async remove({ id, tenant }, idempotency) {
      await redis.del(keys.batch(id), ...(idempotency ? [keys.idempotency(tenant, idempotency.hash)] : []))
    },
  }
}

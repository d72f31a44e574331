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
  /** Whether all of its jobs are on the queue: whoever was to put them there may have been killed. */
  complete: boolean
}

export interface BatchRecords {
  /** @returns what is known of the idempotency key, and stores nothing then */
  store: (
    batch: Batch,
    idempotency: Idempotency | undefined,
  ) => Promise<{ id: string; fingerprint: string } | undefined>
  /** Notes that all of its jobs are on the queue. */
  complete: (batch: Batch) => Promise<void>
  read: (id: string) => Promise<Batch | undefined>
  remove: (batch: Batch, idempotency: Idempotency | undefined) => Promise<void>
}

/** As long as a job may wait in the queue: its jobs' own records end when they end. */
const TTL_SECONDS = 14 * 24 * 3600

export function createBatchRecords(redis: Redis, keys: Keys): BatchRecords {
  const write = async (batch: Batch) => {
    await redis.set(keys.batch(batch.id), JSON.stringify(batch), 'EX', TTL_SECONDS)
  }
  return {
    async store(batch, idempotency) {
      // Before the key, so that whoever finds the key finds the batch.
      await write(batch)
      if (!idempotency) return undefined
      const mine = `${batch.id} ${idempotency.fingerprint}`
      const key = keys.idempotency(batch.tenant, idempotency.hash)
      const known = await redis.set(key, mine, 'EX', IDEMPOTENCY_TTL_SECONDS, 'NX', 'GET')
      // Its own, when the connection was lost before the answer and the command was sent again.
      if (known === null || known === mine) return undefined
      await redis.del(keys.batch(batch.id))
      const [id = '', fingerprint = ''] = known.split(' ')
      return { id, fingerprint }
    },
    complete: (batch) => write({ ...batch, complete: true }),
    async read(id) {
      const text = await redis.get(keys.batch(id))
      return text === null ? undefined : (JSON.parse(text) as Batch)
    },
    async remove({ id, tenant }, idempotency) {
      await redis.del(keys.batch(id), ...(idempotency ? [keys.idempotency(tenant, idempotency.hash)] : []))
    },
  }
}

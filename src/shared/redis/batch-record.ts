import type { Redis } from 'ioredis'
import type { Keys } from './keys.ts'

/** Jobs that were submitted in one call. They are admitted in one step, in which the batch is stored too. */
export interface Batch {
  id: string
  tenant: string
  createdAt: string
  jobIds: string[]
}

/** @returns undefined when there is no such batch, or no longer */
export async function readBatchRecord(redis: Redis, keys: Keys, id: string): Promise<Batch | undefined> {
  const text = await redis.get(keys.batch(id))
  return text === null ? undefined : (JSON.parse(text) as Batch)
}

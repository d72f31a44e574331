import type { Redis } from 'ioredis'
import { SECOND } from '../../shared/limits.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { createWorkerRegistry, type Overview } from '../../shared/redis/worker-registry.ts'
import { cacheFor } from './cache-for.ts'

/** How old the gateway's idea of the workers may be. */
const MAX_AGE = { freshMs: SECOND / 4, staleMs: SECOND / 2 }

/** The workers and what they can run, as of at most a moment ago. */
export function createOverview({ redis, keys }: { redis: Redis; keys: Keys }): () => Promise<Overview> {
  const registry = createWorkerRegistry(redis, keys)
  return cacheFor<Overview>(MAX_AGE, () => registry.overview())
}

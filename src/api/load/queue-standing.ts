import type { Redis } from 'ioredis'
import type { QueueBounds, QueueLoad } from '../../shared/jobs/job-admission.ts'
import type { Keys } from '../../shared/redis/keys.ts'

/** How the queue stands. */
export interface QueueStanding {
  /** Jobs that wait. */
  queued: number
  /** What a submission of anybody would be told that it has no room for; undefined while there is room. */
  full: QueueLoad | undefined
}

/** The smallest submission there is. */
export const SMALLEST = { jobs: 1, bytes: 1 }

/** @throws when Redis fails */
export async function readQueueStanding(redis: Redis, keys: Keys, bounds: QueueBounds): Promise<QueueStanding> {
  const [queued, bytes, ended, oldest, tenantsWaiting, [seconds, micros]] = await Promise.all([
    redis.zcard(keys.queued),
    redis.hget(keys.waitingBytes, 'all'),
    redis.llen(keys.ends),
    redis.lindex(keys.ends, -1),
    redis.hget(keys.fairness, 'tenants'),
    redis.time(),
  ])
  const nowMs = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  const sinceFirstEndMs = oldest === null ? 0 : nowMs - Number(oldest)
  const rest = { tenants: 0, ended, sinceFirstEndMs, tenantsWaiting: Number(tenantsWaiting ?? 0) }
  if (queued + SMALLEST.jobs > bounds.maxQueuedJobs) return { queued, full: { full: 'queued', all: queued, ...rest } }
  const all = Number(bytes ?? 0)
  if (all + SMALLEST.bytes > bounds.maxQueuedBytes) return { queued, full: { full: 'bytes', all, ...rest } }
  return { queued, full: undefined }
}

import type { Redis } from 'ioredis'
import { BUCKET_MS, type Bucket, bucketFields, bucketOf, emptyBucket, parseBucket } from '../statistics/bucket.ts'
import { add, binOf } from '../statistics/histogram.ts'
import type { JobSummary } from '../job.ts'
import { SECOND } from '../limits.ts'
import type { Keys } from './keys.ts'

/** How far back statistics can be read. */
export const STATISTICS_SECONDS = 3600
/** Longer than they can be read, for clocks that differ. */
const TTL_SECONDS = 2 * STATISTICS_SECONDS

/**
 * Counts how jobs end, for the dashboard's charts. The end of a job costs no request: it is counted here, and what was counted
 * goes to Redis with the next flush.
 */
export interface JobStatisticsWriter {
  /** @param delayMs how long its owner wanted it to wait */
  ended: (job: JobSummary, delayMs: number) => void
  /** Adds what was counted, and notes how the queue stands. Once a second is often enough. */
  flush: () => Promise<void>
}

export function createJobStatisticsWriter(redis: Redis, keys: Keys): JobStatisticsWriter {
  let pending = new Map<number, Bucket>()
  let seenAt = 0

  return {
    ended({ status, createdAt, startedAt, finishedAt }, delayMs) {
      if (status === null || finishedAt === null) return
      const at = bucketOf(Date.parse(finishedAt))
      const bucket = pending.get(at) ?? emptyBucket()
      pending.set(at, bucket)
      bucket.outcomes[status] = (bucket.outcomes[status] ?? 0) + 1
      if (startedAt === null) return
      const dueMs = Date.parse(createdAt) + delayMs
      add(bucket.latency, binOf(Date.parse(finishedAt) - dueMs))
      add(bucket.wait, binOf(Date.parse(startedAt) - dueMs))
    },
    async flush() {
      const nowMs = Date.now()
      const looks = bucketOf(nowMs) !== seenAt
      if (pending.size === 0 && !looks) return
      const counted = pending
      pending = new Map()
      const pipeline = redis.pipeline()
      for (const [at, bucket] of counted) {
        const key = keys.jobStatistics(at)
        for (const [field, count] of bucketFields(bucket)) pipeline.hincrby(key, field, count)
        pipeline.expire(key, TTL_SECONDS)
      }
      if (looks) pipeline.zcard(keys.queued).zcount(keys.running, nowMs, '+inf')
      const answers = (await pipeline.exec()) ?? []
      if (!looks) return
      seenAt = bucketOf(nowMs)
      const [queued, running] = answers.slice(-2).map(([, value]) => Number(value ?? 0))
      const key = keys.jobStatistics(seenAt)
      await redis.pipeline().hset(key, { queued, running }).expire(key, TTL_SECONDS).exec()
    },
  }
}

/** Buckets by when they begin, in ms, oldest first; those in which nothing was noted are absent. */
export type JobStatistics = ReadonlyMap<number, Bucket>

/** Nobody adds to a bucket that ended so long ago. */
const SETTLED_MS = 30 * SECOND

/**
 * Reads the buckets of the last so many seconds. What can no longer change is read from Redis once.
 * @throws when Redis fails, from the function it makes
 */
export function createJobStatisticsReader(redis: Redis, keys: Keys): (seconds: number) => Promise<JobStatistics> {
  const settled = new Map<number, Bucket>()
  return async (seconds) => {
    const nowMs = Date.now()
    const last = bucketOf(nowMs)
    const oldest = last - bucketOf(STATISTICS_SECONDS * SECOND)
    for (const at of settled.keys()) if (at < oldest) settled.delete(at)
    const wanted: number[] = []
    for (let at = Math.max(oldest, last - bucketOf(seconds * SECOND)); at <= last; at += BUCKET_MS) wanted.push(at)
    const unknown = wanted.filter((at) => !settled.has(at))
    const pipeline = redis.pipeline()
    for (const at of unknown) pipeline.hgetall(keys.jobStatistics(at))
    const answers = (await pipeline.exec()) ?? []
    const fresh = new Map<number, Bucket>()
    for (const [index, at] of unknown.entries()) {
      const [error, fields] = answers[index] ?? []
      if (error) throw error
      const bucket = parseBucket(fields as Record<string, string>)
      if (at + BUCKET_MS + SETTLED_MS < nowMs) settled.set(at, bucket)
      else fresh.set(at, bucket)
    }
    const found = wanted.map((at) => [at, settled.get(at) ?? fresh.get(at)] as const)
    return new Map(found.flatMap(([at, bucket]) => (bucket && !isEmpty(bucket) ? [[at, bucket] as const] : [])))
  }
}

const isEmpty = ({ outcomes, queued }: Bucket) => queued === undefined && Object.keys(outcomes).length === 0

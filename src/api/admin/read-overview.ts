import type { Redis } from 'ioredis'
import type { QueueView, RedisView, Series, Span } from '../../shared/admin-overview.ts'
import { type Bucket, BUCKET_MS, emptyBucket } from '../../shared/statistics/bucket.ts'
import { merge, histogramQuantile } from '../../shared/statistics/histogram.ts'
import type { Status } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { PRIORITIES } from '../../shared/requests.ts'
import type { JobStatistics } from '../../shared/redis/job-statistics.ts'
import type { Keys } from '../../shared/redis/keys.ts'

/** Of more queued jobs than this the priorities are not counted. */
const MAX_COUNTED = 10_000
const PAGE = 1000

/** @throws when Redis fails */
export async function readQueueView(redis: Redis, keys: Keys): Promise<QueueView> {
  const nowMs = await redisNow(redis)
  const [queued, delayed, running, waiting, stored, finished] = await Promise.all([
    redis.zcard(keys.queued),
    redis.zcard(keys.delayed),
    redis.zcount(keys.running, nowMs, '+inf'),
    redis.hget(keys.waitingBytes, 'all'),
    redis.hget(keys.stored, 'all'),
    redis.zcard(keys.finished),
  ])
  const counts = PRIORITIES.map((priority) => ({ priority, queued: 0, longestWaitMs: 0 }))
  for (let from = 0; from < Math.min(queued, MAX_COUNTED); from += PAGE) {
    const flat = await redis.zrange(keys.queued, String(from), String(from + PAGE - 1), 'WITHSCORES')
    const pipeline = redis.pipeline()
    for (let i = 0; i < flat.length; i += 2) pipeline.hget(keys.job(flat[i] ?? ''), 'rank')
    const ranks = (await pipeline.exec()) ?? []
    for (const [index, [error, rank]] of ranks.entries()) {
      if (error) throw error
      const count = counts[Number(rank ?? 1)]
      if (!count) continue
      count.queued += 1
      count.longestWaitMs = Math.max(count.longestWaitMs, nowMs - Number(flat[2 * index + 1]))
    }
  }
  return {
    queued,
    delayed,
    running,
    priorities: counts.reverse(),
    waitingBytes: Number(waiting ?? 0),
    storedBytes: Number(stored ?? 0),
    finished,
  }
}

async function redisNow(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * SECOND + Math.floor(Number(micros) / 1000)
}

/** @throws when Redis fails */
export async function readRedisView(redis: Redis): Promise<RedisView> {
  const fields = new Map(
    (await redis.info()).split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':')
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    }),
  )
  const number = (name: string) => Number(fields.get(name) ?? 0)
  return {
    version: fields.get('redis_version') ?? '',
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory'),
    clients: number('connected_clients'),
    commandsPerSecond: number('instantaneous_ops_per_sec'),
    uptimeSeconds: number('uptime_in_seconds'),
  }
}

/** @param nowMs when the statistics were read */
export function seriesOf(statistics: JobStatistics, nowMs: number): Series {
  const total = emptyBucket()
  for (const { outcomes, latency, wait } of statistics.values()) {
    for (const [status, count] of Object.entries(outcomes) as [Status, number][]) {
      total.outcomes[status] = (total.outcomes[status] ?? 0) + count
    }
    merge(total.latency, latency)
    merge(total.wait, wait)
  }
  const points = [...statistics].map(([at, bucket]) => ({
    at: new Date(at).toISOString(),
    ...spanOf(bucket),
    queued: bucket.queued ?? null,
    running: bucket.running ?? null,
  }))
  return { at: new Date(nowMs).toISOString(), bucketSeconds: BUCKET_MS / SECOND, points, total: spanOf(total) }
}

const spanOf = ({ outcomes, latency, wait }: Bucket): Span => ({
  jobs: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
  outcomes,
  latencyMs: { p50: rounded(histogramQuantile(latency, 0.5)), p95: rounded(histogramQuantile(latency, 0.95)) },
  waitMs: { p50: rounded(histogramQuantile(wait, 0.5)), p95: rounded(histogramQuantile(wait, 0.95)) },
})

const rounded = (ms: number | null) => (ms === null ? null : Math.round(ms * 10) / 10)

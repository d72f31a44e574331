import type { Redis } from 'ioredis'
import type { Keys } from '../../shared/redis/keys.ts'
import { RANK_STEP } from '../../shared/jobs/scripts/common.ts'
import { PRIORITIES } from '../../shared/requests.ts'

/** Tenants that are looked at; what waits of others counts without its priority. */
const MOST_TENANTS = 2000
/** Asked of Redis at a time, so that nothing else waits long behind it. */
const PAGE = 200
const TAG = 'tag:'

/** Jobs that wait, by priority; `unknown`: those of more tenants than are looked at. */
export type Waiting = Record<(typeof PRIORITIES)[number] | 'unknown', number>

/**
 * Counts the jobs that wait by their priority. The rank stands in the scores of each tenant's queue, and who waits in the
 * names of the fairness hash: nothing is kept for this alone.
 * @throws when Redis fails
 */
export async function readWaiting(redis: Redis, keys: Keys): Promise<{ jobs: Waiting; tenants: number }> {
  const [all, fields] = await Promise.all([redis.zcard(keys.queued), redis.hkeys(keys.fairness)])
  const tenants = fields.filter((field) => field.startsWith(TAG)).map((field) => field.slice(TAG.length))
  const jobs: Waiting = { low: 0, normal: 0, high: 0, unknown: 0 }
  const looked = tenants.slice(0, MOST_TENANTS)
  for (let from = 0; from < looked.length; from += PAGE) {
    const pipeline = redis.pipeline()
    const page = looked.slice(from, from + PAGE)
    for (const tenant of page) {
      for (const rank of PRIORITIES.keys()) {
        const least = (PRIORITIES.length - 1 - rank) * RANK_STEP
        pipeline.zcount(keys.tenantQueued(tenant), least, `(${least + RANK_STEP}`)
      }
    }
    for (const [index, [error, count]] of ((await pipeline.exec()) ?? []).entries()) {
      if (error) throw error
      jobs[PRIORITIES[index % PRIORITIES.length] ?? 'unknown'] += Number(count)
    }
  }
  jobs.unknown = Math.max(0, all - jobs.low - jobs.normal - jobs.high)
  return { jobs, tenants: tenants.length }
}

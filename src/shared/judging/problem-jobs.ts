import type { Redis } from 'ioredis'
import type { JobSpec } from '../job.ts'
import { QUEUED_TTL_SECONDS } from '../jobs/recorded-job.ts'
import type { Keys } from '../redis/keys.ts'
import { problemOfContent } from './problem-store.ts'

/** The submissions of each problem, so that they can be judged again or compared. */
export interface ProblemJobs {
  /** Notes those that name a problem, but for those that are judged again. */
  add(specs: readonly JobSpec[]): Promise<void>
  /** Ids of the newest submissions of a problem, newest first; some may have no record any more. */
  newest(problem: string, most: number): Promise<string[]>
}

/** Of one problem; the oldest go first. */
const MOST = 10_000

export function createProblemJobs(redis: Redis, keys: Keys): ProblemJobs {
  return {
    async add(specs) {
      const noted = specs.filter(({ problem, again }) => problem !== undefined && again === undefined)
      if (noted.length === 0) return
      const pipeline = redis.pipeline()
      for (const { problem = '', head } of noted) {
        const key = keys.problemJobs(problemOfContent(problem))
        pipeline.zadd(key, Date.parse(head.createdAt), head.id)
        pipeline.zremrangebyrank(key, 0, -MOST - 1)
        pipeline.expire(key, QUEUED_TTL_SECONDS)
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
    },
    newest: (problem, most) => redis.zrange(keys.problemJobs(problem), '0', String(most - 1), 'REV'),
  }
}

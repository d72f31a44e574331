import type { Redis } from 'ioredis'
import type { ProblemFormat } from '../../shared/judging/problem.ts'
import type { Keys } from '../../shared/redis/keys.ts'

/** The last time the example submissions of a problem were judged. */
export interface Trial {
  version: number
  createdAt: string
  batch: string
  /** By the place of the example submission among those that were judged. */
  jobs: string[]
  /** Paths of those that were not, and of validators: their languages were not installed. None of trials before there was this. */
  leftOut?: string[]
  /** Of the problem. Trials without it have names of example submissions in `leftOut`. */
  format?: ProblemFormat
}

export interface Trials {
  put(problem: string, trial: Trial): Promise<void>
  read(problem: string): Promise<Trial | undefined>
}

/** Its jobs have results for a day, by default. */
const KEPT_SECONDS = 14 * 24 * 3600

export function createTrials(redis: Redis, keys: Keys): Trials {
  return {
    async put(problem, trial) {
      await redis.set(keys.problemTrial(problem), JSON.stringify(trial), 'EX', KEPT_SECONDS)
    },
    async read(problem) {
      const text = await redis.get(keys.problemTrial(problem))
      return text === null ? undefined : (JSON.parse(text) as Trial)
    },
  }
}

import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { JobReturn, JobSpec } from '../job.ts'
import { type Keys, QUEUE_NAME } from './keys.ts'

export type JobQueue = Queue<JobSpec, JobReturn, 'run'>

/** BullMQ keeps a few ended jobs for the operator to look at; results have keys of their own. */
const KEPT = { age: 3600, count: 1000 }

/**
 * The producer's end of the queue. Give it a `fail-fast` connection.
 */
export function createJobQueue(redis: Redis, keys: Keys): JobQueue {
  return new Queue<JobSpec, JobReturn, 'run'>(QUEUE_NAME, {
    connection: redis,
    prefix: keys.prefix,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: 100 } },
    defaultJobOptions: { attempts: 1, removeOnComplete: KEPT, removeOnFail: KEPT },
  })
}

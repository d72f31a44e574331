import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { JobReturn, JobSpec } from '../job.ts'
import { type Keys, QUEUE_NAME } from './keys.ts'

export type JobQueue = Queue<JobSpec, JobReturn, 'run'>

/** BullMQ keeps a few ended jobs for the operator to look at; results have keys of their own. */
const KEPT = { age: 3600, count: 1000 }

/**
 * The producer's end of the queue. Give it a `fail-fast` connection.
 */
export function createJobQueue(redis: Redis, keys: Keys): JobQueue {
  const queue: JobQueue = new Queue<JobSpec, JobReturn, 'run'>(QUEUE_NAME, {
    connection: redis,
    prefix: keys.prefix,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: 100 } },
    defaultJobOptions: { attempts: 1, removeOnComplete: KEPT, removeOnFail: KEPT },
  })
  queue.on('error', () => undefined) // The connection's own listener has logged it.
  return queue
}

/** Takes delayed jobs back among those that wait. One that is not delayed (any more) is passed over; it looks by itself later. */
export async function promoteJobs(queue: JobQueue, ids: readonly string[], log: Logger): Promise<void> {
  for (const id of ids) {
    try {
      await (await queue.getJob(id))?.promote()
    } catch (err) {
      log.debug({ err, jobId: id }, 'held job was not promoted')
    }
  }
}

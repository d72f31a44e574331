import { type JobsOptions, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Keys } from './keys.ts'

/**
 * The producer's end of a queue of BullMQ. What has ended is gone from it at once: what is to be kept of it has keys of its own.
 * @param retries how often and after which waits what fails is tried again; once when absent
 */
export function createQueue<Data, Return = unknown, Name extends string = string>(
  redis: Redis,
  keys: Keys,
  name: string,
  retries: Pick<JobsOptions, 'attempts' | 'backoff'> = { attempts: 1 },
): Queue<Data, Return, Name> {
  const queue = new Queue<Data, Return, Name>(name, {
    connection: redis,
    prefix: keys.prefix,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: 100 } },
    defaultJobOptions: { ...retries, removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', () => undefined) // The connection's own listener has logged it.
  return queue
}

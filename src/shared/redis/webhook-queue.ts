import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Keys } from './keys.ts'

export const WEBHOOK_QUEUE_NAME = 'webhooks'

/** What hands deliveries out to workers. It holds ids only; the records are the truth. */
export interface WebhookQueue {
  /**
   * Queues pending deliveries. One that is queued already stays where it is. An empty id is nothing.
   * @throws when Redis does not answer; what is not queued now is when it is found overdue
   */
  enqueue: (...ids: string[]) => Promise<void>
  /** The same, and a delivery that waits for its next attempt goes now. */
  hurry: (id: string) => Promise<void>
  /** Of its jobs, by BullMQ's own states. @throws when Redis fails */
  counts: () => Promise<Record<string, number>>
  /** What BullMQ keeps, to be looked at. */
  readonly queue: Queue<Record<string, never>>
  close: () => Promise<void>
}

/** The producer's end of the webhooks. Workers deliver them. */
export function createWebhookQueue(redis: Redis, keys: Keys): WebhookQueue {
  const queue = new Queue<Record<string, never>>(WEBHOOK_QUEUE_NAME, {
    connection: redis,
    prefix: keys.prefix,
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: 100 } },
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', () => undefined) // The connection's own listener has logged it.
  const enqueue = async (...ids: string[]) => {
    const jobs = ids.filter((id) => id !== '').map((id) => ({ name: 'deliver', data: {}, opts: { jobId: id } }))
    if (jobs.length > 0) await queue.addBulk(jobs)
  }
  return {
    queue,
    enqueue,
    async hurry(id) {
      await enqueue(id)
      const job = await queue.getJob(id)
      // Between the two it may have been taken by a worker, which is as good.
      if (await job?.isDelayed()) await job?.promote().catch(() => undefined)
    },
    counts: () => queue.getJobCounts(),
    close: () => queue.close(),
  }
}

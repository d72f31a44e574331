import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { messagingAttributes } from '../tracing/messaging.ts'
import type { TraceContext } from '../tracing/trace-context.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { Keys } from './keys.ts'
import { createQueue } from './queue.ts'

export const WEBHOOK_QUEUE_NAME = 'webhooks'

/** What goes with a delivery: what it follows from, where there are traces. */
export interface QueuedDelivery {
  trace?: TraceContext
}

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
  readonly queue: Queue<QueuedDelivery>
  close: () => Promise<void>
}

/** The producer's end of the webhooks. Workers deliver them. */
export function createWebhookQueue(redis: Redis, keys: Keys, tracing?: Tracing): WebhookQueue {
  const queue = createQueue<QueuedDelivery>(redis, keys, WEBHOOK_QUEUE_NAME)
  const enqueue = async (...ids: string[]) => {
    const known = ids.filter((id) => id !== '')
    if (known.length === 0) return
    const add = (data: QueuedDelivery) =>
      queue.addBulk(known.map((id) => ({ name: 'deliver', data, opts: { jobId: id } })))
    // Those found overdue follow from nothing that is known here.
    if (!tracing?.current) return void (await add({}))
    const attributes = messagingAttributes(WEBHOOK_QUEUE_NAME, 'send', known[1] === undefined ? known[0] : undefined)
    await tracing.run(`send ${WEBHOOK_QUEUE_NAME}`, { kind: 'producer', attributes }, (span) =>
      add({ trace: span.context }),
    )
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

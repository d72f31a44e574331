import { closeOnce } from '../../shared/close-once.ts'
import { createWebhookQueue } from '../../shared/redis/webhook-queue.ts'
import type { WorkerCore } from '../core.ts'
import type { AttemptContext } from './attempt-delivery.ts'
import { deliverWebhooks } from './deliver-webhooks.ts'

/** Webhooks of jobs: those of this worker's are queued, those of all workers delivered. */
export interface Webhooks {
  /** Queues a delivery; an empty id is none. Never fails: what is not queued now is found overdue. */
  enqueue: (deliveryId: string) => Promise<void>
  close: () => Promise<void>
}

export function createWebhooks(
  { config, keys, redis, tracing, log }: WorkerCore,
  { alert, attempted }: Pick<AttemptContext, 'alert' | 'attempted'>,
): Webhooks {
  const queue = createWebhookQueue(redis, keys, tracing)
  const deliverer = deliverWebhooks({ redis, keys, queue, settings: config.webhooks, alert, attempted, tracing, log })
  return {
    enqueue: (deliveryId) =>
      queue.enqueue(deliveryId).catch((err: unknown) => log.warn({ err, deliveryId }, 'webhook was not queued')),
    close: closeOnce(
      () => (redis.status === 'ready' ? deliverer.close() : undefined),
      () => queue.close(),
    ),
  }
}

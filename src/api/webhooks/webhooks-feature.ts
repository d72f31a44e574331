import { createWebhookQueue } from '../../shared/redis/webhook-queue.ts'
import { createDeliveries } from '../../shared/webhooks/deliveries.ts'
import { createWebhookSecrets } from '../../shared/webhooks/webhook-secrets.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { adminDeliveryRoutes } from './admin-deliveries.ts'
import { deliveryRoutes } from './deliveries.ts'
import { testWebhook } from './test-webhook.ts'
import { webhookSecretRoutes } from './webhook-secret.ts'

export interface WebhooksFeature {
  routes: BoundRoute[]
  /** Queues a delivery; an empty id is none. Never fails: what is not queued now is found overdue. */
  enqueue: (deliveryId: string) => Promise<void>
  /** BullMQ's own counts of the queue, by state. */
  counts: () => Promise<Record<string, number>>
  close: () => Promise<void>
}

export const WEBHOOK_ROUTES = [...webhookSecretRoutes, ...deliveryRoutes, testWebhook, ...adminDeliveryRoutes]

/** What tenants' webhooks are signed with, what was delivered, and operators' view of it. */
export function createWebhooksFeature(core: Core, needs: { audit: Audit }): WebhooksFeature {
  const { config, redis, keys, tracing, log } = core
  const queue = createWebhookQueue(redis, keys, tracing)
  const routes = bindRoutes(
    {
      ...needs,
      queue,
      secrets: createWebhookSecrets(redis, keys),
      deliveries: createDeliveries(redis, keys, config.webhooks.deliveriesKeptSeconds),
      reach: config.webhooks,
    },
    WEBHOOK_ROUTES,
  )
  return {
    routes,
    enqueue: (id) =>
      queue.enqueue(id).catch((err: unknown) => log.warn({ err, deliveryId: id }, 'webhook was not queued')),
    counts: queue.counts,
    close: () => queue.close(),
  }
}

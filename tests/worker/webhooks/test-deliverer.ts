import { Queue } from 'bullmq'
import { pino } from 'pino'
import { loadConfig } from '../../../src/shared/config/config.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { createWebhookQueue, type WebhookQueue, WEBHOOK_QUEUE_NAME } from '../../../src/shared/redis/webhook-queue.ts'
import { createDeliveries, type Deliveries } from '../../../src/shared/webhooks/deliveries.ts'
import type { Attempt } from '../../../src/shared/webhooks/delivery.ts'
import { newDelivery } from '../../../src/shared/webhooks/new-delivery.ts'
import type { StoredDelivery } from '../../../src/shared/webhooks/stored-delivery.ts'
import { createWebhookSecrets, type WebhookSecrets } from '../../../src/shared/webhooks/webhook-secrets.ts'
import type { EndpointAlert } from '../../../src/worker/webhooks/attempt-delivery.ts'
import {
  type DelivererOptions,
  deliverWebhooks,
  type WebhookDeliverer,
} from '../../../src/worker/webhooks/deliver-webhooks.ts'
import { finishedJob } from '../../shared/webhooks/job.ts'
import { openTestRedis, type TestRedis } from '../../shared/security/test-redis.ts'
import { testRoot } from '../../support/platform.ts'
import { eventually } from '../../support/eventually.ts'

/** One or more deliverers on the run's Redis, in a namespace of their own. */
export interface TestDeliverer extends Pick<TestRedis, 'redis' | 'keys' | 'namespace'> {
  queue: WebhookQueue
  deliveries: Deliveries
  secrets: WebhookSecrets
  alerts: EndpointAlert[]
  /** Everything logged at warn or above, as one text. */
  log: () => string
  /** Notes a delivery to this URL, as the script that ends a job does; it is not queued yet. @returns its id */
  note: (url: string, tenant?: string) => Promise<string>
  /** Notes and queues one. */
  send: (url: string, tenant?: string) => Promise<string>
  /** Waits until a delivery is as it should be. */
  until: (id: string, condition: (delivery: StoredDelivery) => boolean) => Promise<StoredDelivery>
  /** Waits until a delivery has ended. */
  end: (id: string) => Promise<StoredDelivery>
  /** Takes everything out of the queue, as if Redis had lost it. */
  dropQueue: () => Promise<void>
  /** How many deliveries stand in the queue. */
  queued: () => Promise<number>
  /** Another worker. Ended with the rest. */
  start: (options?: Partial<DelivererOptions>) => Promise<WebhookDeliverer>
  /** Ends everything. @throws Error when a key without a lifetime is left that is not the queue's own */
  close: () => Promise<void>
}

/** Of a delivery, so short that tests need not wait long for it to run out. */
export const TIMEOUT_MS = 5000

export async function openDeliverer(): Promise<TestDeliverer> {
  const own = await openTestRedis()
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set')
  const queue = createWebhookQueue(own.redis, own.keys)
  const bull = new Queue(WEBHOOK_QUEUE_NAME, { connection: own.redis, prefix: own.keys.prefix })
  const deliveries = createDeliveries(own.redis, own.keys, 600)
  const alerts: EndpointAlert[] = []
  const closing: (() => Promise<unknown> | void)[] = []
  let logged = ''
  const log = pino({ level: 'warn' }, { write: (line: string) => void (logged += line) })

  const note = async (url: string, tenant = 'me') => {
    const job = finishedJob()
    const delivery = newDelivery(job, 'job.finished')
    await deliveries.add(delivery, job.id, tenant, url)
    return delivery[0]
  }
  const until: TestDeliverer['until'] = (id, condition) =>
    eventually(`delivery ${id}: ${String(condition)}`, async () => {
      const delivery = await deliveries.read(id)
      return delivery && condition(delivery) ? delivery : undefined
    })
  return {
    redis: own.redis,
    keys: own.keys,
    namespace: own.namespace,
    queue,
    deliveries,
    secrets: createWebhookSecrets(own.redis, own.keys),
    alerts,
    log: () => logged,
    note,
    async send(url, tenant) {
      const id = await note(url, tenant)
      await queue.enqueue(id)
      return id
    },
    until,
    end: (id) => until(id, ({ state }) => state !== 'pending'),
    dropQueue: () => bull.obliterate({ force: true }),
    queued: () => bull.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'),
    async start(options = {}) {
      const redis = connectRedis(address, 'wait', 'test-deliverer', log)
      const deliverer = deliverWebhooks({
        redis,
        keys: own.keys,
        queue,
        settings: { allow: ['127.0.0.0/8'], timeoutMs: TIMEOUT_MS, concurrency: 8, deliveriesKeptSeconds: 600 },
        alert: (alert) => alerts.push(alert),
        log,
        scheduleMs: [20, 20, 20, 20],
        ...options,
      })
      closing.unshift(
        () => deliverer.close(),
        () => redis.disconnect(),
      )
      return deliverer
    },
    async close() {
      for (const step of closing) await step()
      await queue.close()
      await bull.close()
      const keys = await own.redis.keys(`{${own.namespace}}:*`)
      const left: string[] = []
      for (const key of keys) {
        if (!key.startsWith(`{${own.namespace}}:webhooks:`) && (await own.redis.ttl(key)) === -1) left.push(key)
      }
      await own.close()
      if (left.length > 0) throw new Error(`keys left that never expire: ${left.join(', ')}`)
    },
  }
}

/** What came of an attempt, in a word. */
export const resultOf = ({ status, error }: Attempt): string | number | null => error ?? status

import { DelayedError, type Job as QueuedJob, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { closeOnce } from '../../shared/close-once.ts'
import type { Config } from '../../shared/config/config.ts'
import { SECOND } from '../../shared/limits.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { type QueuedDelivery, type WebhookQueue, WEBHOOK_QUEUE_NAME } from '../../shared/redis/webhook-queue.ts'
import { originOf } from '../../shared/webhooks/check-webhook-url.ts'
import { messagingAttributes } from '../../shared/tracing/messaging.ts'
import type { Tracing } from '../../shared/tracing/tracing.ts'
import { createDeliveries } from '../../shared/webhooks/deliveries.ts'
import { createWebhookSecrets } from '../../shared/webhooks/webhook-secrets.ts'
import { startTimer } from '../timer.ts'
import { type AttemptContext, attemptDelivery, type EndpointAlert } from './attempt-delivery.ts'
import { createDeliverySlots } from './delivery-slots.ts'
import type { Resolve } from './guarded-agent.ts'
import { RETRY_SCHEDULE_MS } from './retry-schedule.ts'

export interface WebhookDeliverer {
  /**
   * Queues pending deliveries that are overdue: whoever was to queue them has died. Runs by itself too.
   * @param byMs how much overdue they are
   */
  recoverPending: (byMs?: number) => Promise<void>
  /** Takes no more deliveries, and resolves when the running ones have ended. Idempotent. */
  close: () => Promise<void>
}

export interface DelivererOptions {
  /** A `wait` connection; BullMQ makes a second one of it to block on. */
  redis: Redis
  keys: Keys
  queue: WebhookQueue
  settings: Omit<Config['webhooks'], 'deny' | 'ports'> & Partial<Config['webhooks']>
  /** Told of an endpoint that fails again and again: once a day, and at most once an hour of one tenant. Must not throw. */
  alert: (alert: EndpointAlert) => void
  /** Told of every attempt. Must not throw. */
  attempted?: AttemptContext['attempted']
  /** Makes spans of deliveries, which follow from what sent them. */
  tracing?: Tracing | undefined
  log: Logger
  /** How long after each attempt the next one comes; `RETRY_SCHEDULE_MS` unless given. */
  scheduleMs?: readonly number[]
  /** Looks up names; see `createNameLookup`. */
  resolve?: Resolve
}

const RECOVERY_MS = 10 * SECOND
/** Whoever ends a job queues its delivery at once; after this time it counts as dead. */
const OVERDUE_MS = 30 * SECOND
/** More than there are places, so that those sent back at once do not keep places empty. */
const TAKEN_PER_PLACE = 4
/** A delivery that comes so much too soon is tried all the same. */
const EARLY_MS = SECOND
const LOCK_MS = 10 * SECOND
const STALLED_CHECK_MS = 5 * SECOND

/** When a delivery comes again, and whether that is by its record, or only since there was no place for it. */
interface Again {
  againMs: number
  isPut: boolean
}

/** Delivers webhooks. Any worker may deliver any of them. */
export function deliverWebhooks(options: DelivererOptions): WebhookDeliverer {
  const { redis, keys, queue, settings, alert, log, resolve, scheduleMs = RETRY_SCHEDULE_MS } = options
  const { tracing, attempted = () => undefined } = options
  const deliveries = createDeliveries(redis, keys, settings.deliveriesKeptSeconds)
  const secrets = createWebhookSecrets(redis, keys)
  const slots = createDeliverySlots(settings.concurrency)
  const context = { deliveries, secrets, settings, scheduleMs, resolve, alert, attempted, tracing, log }

  const deliver = async (id: string): Promise<Again | undefined> => {
    const delivery = await deliveries.read(id)
    if (!delivery) await deliveries.forget(id)
    if (delivery?.state !== 'pending') return undefined
    const earlyMs = Date.parse(delivery.nextAttemptAt ?? '') - Date.now()
    if (earlyMs > EARLY_MS) return { againMs: earlyMs, isPut: true }
    const slot = await slots.take([`tenant ${delivery.tenant}`, `origin ${originOf(delivery.url)}`])
    if ('againMs' in slot) return { againMs: slot.againMs, isPut: false }
    try {
      const againMs = await attemptDelivery(context, delivery)
      return againMs === undefined ? undefined : { againMs, isPut: true }
    } finally {
      slot.release()
    }
  }

  const traced = ({ id = '', data }: QueuedJob<QueuedDelivery>) => {
    if (!tracing) return deliver(id)
    const attributes = messagingAttributes(WEBHOOK_QUEUE_NAME, 'process', id)
    const options = { kind: 'consumer', parent: data.trace, attributes } as const
    return tracing.run(`process ${WEBHOOK_QUEUE_NAME}`, options, () => deliver(id))
  }

  /**
   * Whoever asked for a delivery while this worker had it could queue nothing: it was neither to be added nor delayed.
   * @param atMs when it comes by itself; never unless given
   */
  const hurryIfWanted = async (id = '', atMs = Infinity): Promise<void> => {
    try {
      const dueMs = await deliveries.dueAt(id)
      if (dueMs !== undefined && dueMs < atMs - EARLY_MS) await queue.hurry(id)
    } catch (err) {
      // It is still pending, and found overdue.
      log.warn({ err, deliveryId: id }, 'webhook was not queued again')
    }
  }
  const looks = new Set<Promise<void>>()

  const worker = new Worker<QueuedDelivery>(
    WEBHOOK_QUEUE_NAME,
    async (job: QueuedJob<QueuedDelivery>, token) => {
      const again = await traced(job)
      if (!again) return
      const atMs = Date.now() + again.againMs
      await job.moveToDelayed(atMs, token)
      if (again.isPut) await hurryIfWanted(job.id, atMs)
      throw new DelayedError()
    },
    {
      connection: redis,
      prefix: keys.prefix,
      concurrency: settings.concurrency * TAKEN_PER_PLACE,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      // A delivery cannot kill a worker: it was the worker's own end each time.
      maxStalledCount: 1000,
      skipVersionCheck: true,
    },
  )
  worker.on('completed', ({ id }) => {
    const look = hurryIfWanted(id).finally(() => looks.delete(look))
    looks.add(look)
  })
  worker.on('error', (err) => log.error({ err }, 'webhook worker error'))
  // It is still pending, and found overdue.
  worker.on('failed', (job, err) => log.error({ err, deliveryId: job?.id }, 'webhook failed in the queue'))

  const recoverPending = async (byMs = OVERDUE_MS) => {
    const ids = await deliveries.overdue(byMs)
    if (ids.length === 0) return
    await queue.enqueue(...ids)
    await deliveries.putOff(ids)
  }
  const timer = startTimer('recovery of webhooks', RECOVERY_MS, recoverPending, log)

  return {
    recoverPending,
    close: closeOnce(
      () => timer.stop(),
      () => slots.close(),
      () => worker.close(),
      () => Promise.all(looks),
    ),
  }
}

import { Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from '../../shared/config/config.ts'
import { SECOND } from '../../shared/limits.ts'
import { createAgent } from '../../shared/outgoing/agent.ts'
import { request } from '../../shared/outgoing/request.ts'
import { type Alert, ALERT_QUEUE_NAME } from '../../shared/redis/alert-queue.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { webhookHeaders } from '../../shared/webhooks/sign.ts'
import { createNameLookup, lookupBy } from '../webhooks/name-lookup.ts'

export interface AlertDelivery {
  /** Takes no more alerts, and resolves when the one under way has ended. */
  close: () => Promise<void>
}

const TIMEOUT_MS = 10 * SECOND

/**
 * Delivers alerts to the operator's webhook, one after another. Any worker may deliver any of them.
 * @param redis a `wait` connection; BullMQ makes a second one of it to block on
 * @param receiver the operator's own, so that addresses of the internal network are fine
 */
export function deliverAlerts(
  redis: Redis,
  keys: Keys,
  receiver: NonNullable<Config['abuse']['alerts']>,
  log: Logger,
): AlertDelivery {
  const worker = new Worker<Alert>(ALERT_QUEUE_NAME, ({ data }) => deliver(data, receiver), {
    connection: redis,
    prefix: keys.prefix,
    concurrency: 1,
    skipVersionCheck: true,
  })
  worker.on('error', (err) => log.error({ err }, 'alert worker error'))
  worker.on('failed', (job, err) => {
    if (!job || job.attemptsMade < (job.opts.attempts ?? 1)) return
    log.error({ err, alert: job.data.id, type: job.data.body.type, attempts: job.attemptsMade }, 'alert not delivered')
  })
  return { close: () => worker.close() }
}

/** @throws Error when the receiver does not answer 2xx in time */
async function deliver(
  { id, body }: Alert,
  { url, secret }: { url: string; secret: string | undefined },
): Promise<void> {
  const text = JSON.stringify(body)
  const names = createNameLookup()
  const agent = createAgent({ connectTimeoutMs: TIMEOUT_MS, lookupFor: () => lookupBy(names.resolve) })
  try {
    const { status } = await request(url, {
      method: 'POST',
      headers: webhookHeaders(id, Math.floor(Date.now() / SECOND), text, secret === undefined ? [] : [secret]),
      body: text,
      agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (status < 200 || status > 299) throw new Error(`the receiver of alerts answered ${status}`)
  } finally {
    names.cancel()
    await agent.close()
  }
}

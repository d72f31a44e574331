import { type Job, summarize } from '../job.ts'
import type { Keys } from '../redis/keys.ts'
import type { Webhook, WebhookEvent } from '../webhook.ts'
import { deliveryId } from './delivery.ts'
import { pendingDeliveries } from './pending-deliveries.ts'

/** What the scripts that start and finish jobs take to note a delivery in the same step: `ADD_DELIVERY` reads them. */
export interface NewDelivery {
  /** The delivery's id; empty: nobody is to be told. */
  id: string
  /** Record of the delivery, tenant's deliveries, pending deliveries. */
  keys: [string, string, string]
  /** Id or nothing, event, URL, body. */
  args: [string, string, string, string]
}

/**
 * The delivery that tells a job's owner of an event, or one of nothing when its webhook does not ask for it.
 * @param job as it is from this event on
 */
export function newDelivery(
  keys: Keys,
  job: Job,
  tenant: string,
  webhook: Webhook | null,
  event: WebhookEvent,
): NewDelivery {
  const id = wantedDelivery(job.id, webhook, event)
  const names: NewDelivery['keys'] = [keys.delivery(id), keys.tenantDeliveries(tenant), pendingDeliveries(keys)]
  if (id === '' || !webhook) return { id: '', keys: names, args: ['', event, '', ''] }
  return { id, keys: names, args: [id, event, webhook.url, webhookBody(job, event)] }
}

/** The id of the delivery of an event, or an empty text when the webhook does not ask for it. */
export function wantedDelivery(jobId: string, webhook: Webhook | null, event: WebhookEvent): string {
  const events: readonly WebhookEvent[] = webhook?.events ?? ['job.finished']
  return webhook && events.includes(event) ? deliveryId(jobId, event) : ''
}

/** What is sent: the job without its output, and where the whole of it can be read. */
function webhookBody(job: Job, type: WebhookEvent): string {
  const timestamp = (type === 'job.started' ? job.startedAt : job.finishedAt) ?? job.createdAt
  return JSON.stringify({
    type,
    timestamp,
    data: { ...job, stages: job.stages.map(summarize), url: `/v1/jobs/${job.id}` },
  })
}

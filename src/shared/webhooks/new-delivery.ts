import { type Job, summarize } from '../job.ts'
import type { Keys } from '../redis/keys.ts'
import type { Webhook, WebhookEvent } from '../webhook.ts'
import { deliveryId } from './delivery.ts'

/** What the scripts that start and finish jobs take to note a delivery in the same step, as `addDelivery` has them. */
export interface NewDelivery {
  /** Record of the delivery, tenant's deliveries, pending deliveries. */
  keys: [string, string, string]
  /** Id, event, body. */
  args: [string, WebhookEvent, string]
}

/**
 * The delivery that tells a job's owner of an event. Whether it is to be told at all stands in the job's record.
 * @param job as it is from this event on
 */
export function newDelivery(keys: Keys, job: Job, tenant: string, event: WebhookEvent): NewDelivery {
  const id = deliveryId(job.id, event)
  return {
    keys: [keys.delivery(id), keys.tenantDeliveries(tenant), keys.pendingDeliveries],
    args: [id, event, webhookBody(job, event)],
  }
}

/** What a job's record holds of its webhook: where each event is told, empty for one that is not. */
export function webhookUrls(webhook: Webhook | null): { startedUrl: string; finishedUrl: string } {
  const events: readonly WebhookEvent[] = webhook?.events ?? ['job.finished']
  const urlFor = (event: WebhookEvent) => (webhook && events.includes(event) ? webhook.url : '')
  return { startedUrl: urlFor('job.started'), finishedUrl: urlFor('job.finished') }
}

/** What is sent: the job without its output, and where the whole of it can be read. */
function webhookBody(job: Job, type: WebhookEvent): string {
  const timestamp = (type === 'job.started' ? job.startedAt : job.finishedAt) ?? job.createdAt
  const data = { ...job, stages: job.stages.map(summarize), url: `/v1/jobs/${job.id}` }
  return JSON.stringify({ type, timestamp, data })
}

import type { JobSummary } from '../job.ts'
import type { Webhook, WebhookEvent } from '../webhook.ts'
import { type DeliveryEvent, deliveryId } from './delivery.ts'
import type { WebhookBody, WebhookTestBody } from './webhook-body.ts'

/** Id, event and body. */
export type NewDelivery = [id: string, event: DeliveryEvent, body: string]

/**
 * The delivery that tells a job's owner of an event, as the scripts that start and finish jobs take it to note it in the same step.
 * Whether it is to be told at all stands in the job's record.
 * @param job as it is from this event on
 */
export function newDelivery(job: JobSummary, event: WebhookEvent): NewDelivery {
  return [deliveryId(job.id, event), event, webhookBody(job, event)]
}

/** A delivery that tells nothing but that webhooks work. @param id of its own, without a full stop */
export function testDelivery(id: string, now: Date): NewDelivery {
  const data = { id, message: 'This is a test event. Webhooks of your jobs will come the same way.' }
  const body: WebhookTestBody = { type: 'webhook.test', timestamp: now.toISOString(), data }
  return [id, 'webhook.test', JSON.stringify(body)]
}

/** What a job's record holds of its webhook: where each event is told, empty for one that is not. */
export function webhookUrls(webhook: Webhook | null): { startedUrl: string; finishedUrl: string } {
  const events: readonly WebhookEvent[] = webhook?.events ?? ['job.finished']
  const urlFor = (event: WebhookEvent) => (webhook && events.includes(event) ? webhook.url : '')
  return { startedUrl: urlFor('job.started'), finishedUrl: urlFor('job.finished') }
}

function webhookBody(job: JobSummary, type: WebhookEvent): string {
  const timestamp = (type === 'job.started' ? job.startedAt : job.finishedAt) ?? job.createdAt
  const body: WebhookBody = { type, timestamp, data: { ...job, url: `/v1/jobs/${job.id}` } }
  return JSON.stringify(body)
}

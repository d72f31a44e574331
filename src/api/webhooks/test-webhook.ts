import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { KIB } from '../../shared/limits.ts'
import { checkWebhookUrl } from '../../shared/webhooks/check-webhook-url.ts'
import { Delivery } from '../../shared/webhooks/delivery.ts'
import { testDelivery } from '../../shared/webhooks/new-delivery.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'
import { publicDelivery } from '../../shared/webhooks/stored-delivery.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { type DeliveryNeeds, ownDelivery } from './deliveries.ts'

/** Where a test event is sent. */
export const WebhookTest = Type.Object(
  { url: Type.String({ minLength: 1, maxLength: 2048, description: 'http:// or https://' }) },
  { additionalProperties: false },
)
export const MAX_TEST_BYTES = 4 * KIB

export interface TestNeeds extends DeliveryNeeds {
  /** Where webhooks may go. */
  reach: Reach
}

/** Sends an event that tells of no job, to see whether webhooks arrive. */
export const testWebhook = defineRoute({
  method: 'post',
  path: '/v1/webhook-test',
  id: 'testWebhook',
  tag: 'Webhooks',
  summary: 'Send a test event',
  description: 'Signs and delivers it as every webhook, so that you can check your receiver.',
  scopes: ['jobs', 'containers'],
  body: {
    schema: WebhookTest,
    examples: {
      url: { summary: 'To a receiver of yours', value: { url: 'https://receiver.invalid/hooks/runyard' } },
    },
    maxBytes: MAX_TEST_BYTES,
  },
  answers: { 202: { description: 'Its delivery.', schema: Delivery } },
  cache: 'no-store',
  schemas: { WebhookTest },
  async handle(needs: TestNeeds, { res, caller, body, send }) {
    const id = await sendTestEvent(needs, caller.tenant, body.url)
    send(202, publicDelivery(await ownDelivery(needs.deliveries, res, id)))
  },
})

/**
 * Notes a test event of a tenant and queues it.
 * @returns the id of its delivery
 * @throws Problem `invalid-request` when the URL cannot be used
 */
export async function sendTestEvent(
  { deliveries, queue, reach }: TestNeeds,
  tenant: string,
  url: string,
): Promise<string> {
  const detail = checkWebhookUrl(url, reach)
  if (detail !== undefined) throw invalidRequest([{ pointer: '/url', detail }])
  const id = `test-${uuid()}`
  await deliveries.add(testDelivery(id, new Date()), '', tenant, url)
  await queue.hurry(id)
  return id
}

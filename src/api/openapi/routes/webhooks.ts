import { Delivery } from '../../../shared/webhooks/delivery.ts'
import { TenantSecrets } from '../../../shared/webhooks/webhook-secrets.ts'
import { DeliveriesQuery, DeliveryPage, WebhookTest, WholeDelivery } from '../../webhooks/webhooks.ts'
import { JOB_ID } from '../../http/openapi/examples/results.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'

const common = { tag: 'Webhooks', scopes: ['jobs', 'containers'] } as const

const delivery: Delivery = {
  id: `${JOB_ID}-finished`,
  event: 'job.finished',
  jobId: JOB_ID,
  url: 'https://example.com/hooks/runyard',
  state: 'succeeded',
  createdAt: '2027-01-31T12:00:00.018Z',
  nextAttemptAt: null,
  attempts: [{ at: '2027-01-31T12:00:00.020Z', status: 204, error: null, durationMs: 84, answer: '' }],
}

export const webhookOperations: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/webhook-secret',
    id: 'readWebhookSecret',
    summary: 'Read your webhook secret',
    description: 'What your webhooks are signed with. It is made when it is first asked for.',
    answers: { 200: { description: 'The secret.', schema: TenantSecrets } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/webhook-secret/rotate',
    id: 'rotateWebhookSecret',
    summary: 'Change your webhook secret',
    description: 'The new one signs at once. The old one signs beside it for 24 hours.',
    answers: { 200: { description: 'The new secret, and those that still sign.', schema: TenantSecrets } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/webhook-deliveries',
    id: 'listWebhookDeliveries',
    summary: 'List what was delivered',
    description: 'Your own deliveries with every attempt, newest first.',
    query: DeliveriesQuery,
    answers: {
      200: {
        description: 'One page.',
        schema: DeliveryPage,
        examples: { page: { summary: 'The last page', value: { deliveries: [delivery], next: null } } },
      },
    },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/webhook-deliveries/{id}',
    id: 'readWebhookDelivery',
    summary: 'Read a delivery with its payload',
    pathParameters: { id: PATH.delivery },
    answers: { 200: { description: 'The delivery, and what is sent.', schema: WholeDelivery } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/webhook-deliveries/{id}/redeliver',
    id: 'redeliverWebhook',
    summary: 'Deliver again',
    description: 'Sends it now, with the same `webhook-id` and body, whatever its state.',
    pathParameters: { id: PATH.delivery },
    answers: { 202: { description: 'It is tried again.', schema: Delivery } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/webhook-deliveries/{id}/cancel',
    id: 'cancelWebhook',
    summary: 'Cancel a pending delivery',
    description:
      'No more attempts are made, but one that is under way goes on. A delivery that has ended stays as it is.',
    pathParameters: { id: PATH.delivery },
    answers: { 200: { description: 'The delivery.', schema: Delivery } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/webhook-test',
    id: 'testWebhook',
    summary: 'Send a test event',
    description: 'Signed and delivered as every webhook is, to see whether it arrives.',
    body: {
      schema: WebhookTest,
      examples: {
        url: { summary: 'To a receiver of yours', value: { url: 'https://receiver.invalid/hooks/runyard' } },
      },
    },
    answers: { 202: { description: 'Its delivery.', schema: Delivery } },
  },
]

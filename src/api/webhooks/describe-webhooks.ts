import type { DeliveryEvent } from '../../shared/webhooks/delivery.ts'
import { WebhookBody, WebhookTestBody } from '../../shared/webhooks/webhook-body.ts'
import { finishedJob, JOB_ID, queuedJob, summaryOf } from '../http/openapi/examples/results.ts'
import type { References } from '../http/openapi/references.ts'

interface Words {
  operationId: string
  summary: string
  description: string
  schema: typeof WebhookBody | typeof WebhookTestBody
  value: WebhookBody | WebhookTestBody
}

const WORDS: Record<DeliveryEvent, Words> = {
  'job.started': {
    operationId: 'jobStarted',
    schema: WebhookBody,
    summary: 'A job has started',
    description: 'Told once, when the first attempt begins, to those that asked for it in `events`.',
    value: {
      type: 'job.started',
      timestamp: '2027-01-31T12:00:00.004Z',
      data: {
        ...summaryOf(queuedJob),
        state: 'running',
        startedAt: '2027-01-31T12:00:00.004Z',
        attempt: 1,
        url: `/v1/jobs/${JOB_ID}`,
      },
    },
  },
  'job.finished': {
    operationId: 'jobFinished',
    schema: WebhookBody,
    summary: 'A job has ended',
    description: 'Told however it ended, also cancelled, also by a fault of the service.',
    value: {
      type: 'job.finished',
      timestamp: '2027-01-31T12:00:00.018Z',
      data: { ...summaryOf(finishedJob), url: `/v1/jobs/${JOB_ID}` },
    },
  },
  'webhook.test': {
    operationId: 'webhookTest',
    schema: WebhookTestBody,
    summary: 'A test event',
    description: 'Sent by `POST /v1/webhook-test`, and by an operator in the dashboard. It tells of no job.',
    value: {
      type: 'webhook.test',
      timestamp: '2027-01-31T12:00:00.000Z',
      data: {
        id: 'test-019449f2-1c00-7000-8000-000000000000',
        message: 'This is a test event. Webhooks of your jobs will come the same way.',
      },
    },
  },
}

const header = (name: string, description: string, schema: object) => ({ name, in: 'header', required: true, description, schema }) // prettier-ignore

const HEADERS = [
  header('webhook-id', 'Names the event: the same at every attempt, so that you can tell doubles.', { type: 'string' }),
  header('webhook-timestamp', 'When this attempt was made, in seconds since 1970.', { type: 'integer' }),
  header(
    'webhook-signature',
    '`v1,` and the base64 of the HMAC-SHA256 of `webhook-id`, `webhook-timestamp` and the body, joined by full stops. ' +
      'Several of them, parted by spaces, while a secret is being changed.',
    { type: 'string' },
  ),
]

/** What Runyard sends to its users' servers (Standard Webhooks). */
export function describeWebhooks({ refer }: References): object {
  return Object.fromEntries(
    Object.entries(WORDS).map(([event, { operationId, summary, description, schema, value }]) => {
      const post = {
        operationId,
        tags: ['Webhooks'],
        summary,
        description: `${description} Verify the signature with the secret of \`GET /v1/webhook-secret\`.`,
        security: [],
        parameters: HEADERS,
        requestBody: {
          required: true,
          content: { 'application/json': { schema: refer(schema), examples: { [event]: { summary, value } } } },
        },
        responses: {
          '2XX': { description: 'Received. Answer within 15 seconds.' },
          '410': { description: 'Never again: the URL is disabled for the tenant.' },
          default: { description: 'Not received: it is tried again, ten times over three days in all.' },
        },
      }
      return [event, { post }]
    }),
  )
}

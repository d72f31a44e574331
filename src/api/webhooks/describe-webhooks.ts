import type { DeliveryEvent } from '../../shared/webhooks/delivery.ts'
import { SessionWebhookBody } from '../../shared/sessions/session-webhook.ts'
import { WebhookBody, WebhookTestBody } from '../../shared/webhooks/webhook-body.ts'
import { finishedJob, JOB_ID, queuedJob, summaryOf } from '../http/openapi/examples/results.ts'
import { runningSession } from '../sessions/examples.ts'
import type { References } from '../http/openapi/references.ts'

interface Words {
  operationId: string
  summary: string
  description: string
  schema: typeof WebhookBody | typeof SessionWebhookBody | typeof WebhookTestBody
  value: WebhookBody | SessionWebhookBody | WebhookTestBody
}

const SESSION_AT = '2027-01-31T12:00:00.000Z'
const SESSION_URL = `/v1/sessions/${runningSession.id}`

const WORDS: Record<DeliveryEvent, Words> = {
  'job.started': {
    operationId: 'jobStarted',
    schema: WebhookBody,
    summary: 'A job has started',
    description: 'Sent once, when the first attempt begins, if `events` asks for it.',
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
    description: 'Sent however the job ended, also after a cancellation or an internal error.',
    value: {
      type: 'job.finished',
      timestamp: '2027-01-31T12:00:00.018Z',
      data: { ...summaryOf(finishedJob), url: `/v1/jobs/${JOB_ID}` },
    },
  },
  'session.started': {
    operationId: 'sessionStarted',
    schema: SessionWebhookBody,
    summary: 'A session runs',
    description: 'Sent once, when it takes requests, if `events` asks for it.',
    value: { type: 'session.started', timestamp: SESSION_AT, data: { ...runningSession, url: SESSION_URL } },
  },
  'session.ended': {
    operationId: 'sessionEnded',
    schema: SessionWebhookBody,
    summary: 'A session has ended',
    description: 'Sent however it ended, `reason` says why; also when its worker died.',
    value: {
      type: 'session.ended',
      timestamp: '2027-01-31T12:30:00.000Z',
      data: {
        ...runningSession,
        state: 'ended',
        reason: 'idle',
        endedAt: '2027-01-31T12:30:00.000Z',
        url: SESSION_URL,
      },
    },
  },
  'webhook.test': {
    operationId: 'webhookTest',
    schema: WebhookTestBody,
    summary: 'A test event',
    description: 'Sent by `POST /v1/webhook-test` and by the dashboard. It belongs to no job.',
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

const header = (name: string, description: string, schema: object) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema,
})

const HEADERS = [
  header('webhook-id', 'Id of the event: the same at every attempt, so that you can detect duplicates.', {
    type: 'string',
  }),
  header('webhook-timestamp', 'When this attempt was made, in seconds since 1970.', { type: 'integer' }),
  header(
    'webhook-signature',
    '`v1,` and the base64 of the HMAC-SHA256 of `webhook-id`, `webhook-timestamp` and the body, joined by full stops. ' +
      'Several, separated by spaces, while a secret is being rotated.',
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
          '410': { description: 'Permanently refused: the URL is disabled for the tenant.' },
          default: { description: 'Not received: Runyard tries ten times over three days.' },
        },
      }
      return [event, { post }]
    }),
  )
}

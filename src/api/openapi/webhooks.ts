import { WEBHOOK_EVENTS, type WebhookEvent } from '../../shared/webhook.ts'
import { WebhookBody } from '../../shared/webhooks/webhook-body.ts'
import { finishedJob, JOB_ID, queuedJob, summaryOf } from './examples/results.ts'
import type { References } from './references.ts'

const WORDS: Record<WebhookEvent, { summary: string; description: string; value: WebhookBody }> = {
  'job.started': {
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
    summary: 'A job has ended',
    description: 'Told however it ended, also cancelled, also by a fault of the service.',
    value: {
      type: 'job.finished',
      timestamp: '2027-01-31T12:00:00.018Z',
      data: { ...summaryOf(finishedJob), url: `/v1/jobs/${JOB_ID}` },
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
    WEBHOOK_EVENTS.map((event) => {
      const { summary, description, value } = WORDS[event]
      const post = {
        operationId: event === 'job.started' ? 'jobStarted' : 'jobFinished',
        tags: ['Webhooks'],
        summary,
        description: `${description} Verify the signature with the secret of \`GET /v1/webhook-secret\`.`,
        security: [],
        parameters: HEADERS,
        requestBody: {
          required: true,
          content: { 'application/json': { schema: refer(WebhookBody), examples: { [event]: { summary, value } } } },
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

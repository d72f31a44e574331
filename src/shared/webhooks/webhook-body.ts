import Type, { type Static } from 'typebox'
import { JobSummary } from '../job.ts'
import { WebhookEvent } from '../webhook.ts'

/** What a webhook is sent: the job without its output, and where the whole of it can be read. */
export const WebhookBody = Type.Object({
  type: WebhookEvent,
  timestamp: Type.String({ format: 'date-time', description: 'when the job started, or ended: RFC 3339, UTC' }),
  data: Type.Object({
    ...JobSummary.properties,
    url: Type.String({ description: 'address of the whole job: `/v1/jobs/<id>`' }),
  }),
})
export type WebhookBody = Static<typeof WebhookBody>

/** What a test event sends. */
export const WebhookTestBody = Type.Object({
  type: Type.Literal('webhook.test'),
  timestamp: Type.String({ format: 'date-time', description: 'when it was requested: RFC 3339, UTC' }),
  data: Type.Object({
    id: Type.String({ description: 'of the delivery' }),
    message: Type.String({ description: 'for people' }),
  }),
})
export type WebhookTestBody = Static<typeof WebhookTestBody>

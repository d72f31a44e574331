import Type, { type Static } from 'typebox'

/** What a webhook can be told of. */
export const WEBHOOK_EVENTS = ['job.started', 'job.finished'] as const
export const WebhookEvent = Type.Enum(WEBHOOK_EVENTS)
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** Where a job's owner wants to be told of it. */
export const Webhook = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048, description: 'http:// or https://' }),
    events: Type.Optional(
      Type.Array(WebhookEvent, { minItems: 1, maxItems: 2, description: '`job.finished` when absent' }),
    ),
  },
  { additionalProperties: false },
)
export type Webhook = Static<typeof Webhook>

/** What a webhook can be told of a session. */
export const SESSION_WEBHOOK_EVENTS = ['session.started', 'session.ended'] as const
export const SessionWebhookEvent = Type.Enum(SESSION_WEBHOOK_EVENTS)
export type SessionWebhookEvent = (typeof SESSION_WEBHOOK_EVENTS)[number]

/** Where a session's owner wants to be told of it. */
export const SessionWebhook = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048, description: 'http:// or https://' }),
    events: Type.Optional(
      Type.Array(SessionWebhookEvent, { minItems: 1, maxItems: 2, description: '`session.ended` when absent' }),
    ),
  },
  { additionalProperties: false },
)
export type SessionWebhook = Static<typeof SessionWebhook>

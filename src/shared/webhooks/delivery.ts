import Type, { type Static } from 'typebox'
import { SESSION_WEBHOOK_EVENTS, type SessionWebhookEvent, WEBHOOK_EVENTS, type WebhookEvent } from '../webhook.ts'
import { orNull } from '../schema.ts'

/** Where a delivery is: `pending` until an attempt succeeded, no more are made, or somebody cancelled it. */
export const DELIVERY_STATES = ['pending', 'succeeded', 'failed', 'cancelled'] as const
export const DeliveryState = Type.Enum(DELIVERY_STATES)
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Why an attempt got no answer that could be read. */
export const ATTEMPT_ERRORS = [
  'address-not-allowed',
  'port-not-allowed',
  'name-not-found',
  'unreachable',
  'connection-refused',
  'connection-closed',
  'tls-failed',
  'invalid-answer',
  'timeout',
  'endpoint-disabled',
  'failed',
] as const
export const AttemptError = Type.Enum(ATTEMPT_ERRORS)
export type AttemptError = (typeof ATTEMPT_ERRORS)[number]

export const Attempt = Type.Object({
  at: Type.String({ format: 'date-time', description: 'when it began: RFC 3339, UTC' }),
  status: orNull(Type.Integer({ description: 'of the answer' })),
  error: orNull(AttemptError),
  durationMs: Type.Integer(),
  answer: Type.String({ description: 'the first 1 KiB of its body' }),
  hint: Type.Optional(Type.String({ description: 'the setting that would allow what was refused' })),
})
export type Attempt = Static<typeof Attempt>

/** What a delivery tells of: an event of a job or a session, or nothing but that it works. */
export const DeliveryEvent = Type.Enum([...WEBHOOK_EVENTS, ...SESSION_WEBHOOK_EVENTS, 'webhook.test'])
export type DeliveryEvent = WebhookEvent | SessionWebhookEvent | 'webhook.test'

/** A delivery as its owner sees it. */
export const Delivery = Type.Object({
  id: Type.String({ description: 'the `webhook-id` of every attempt' }),
  event: DeliveryEvent,
  jobId: orNull(Type.String({ description: '`null`: a test event, or one of a session' })),
  sessionId: Type.Optional(Type.String({ description: 'of an event of a session' })),
  url: Type.String(),
  state: DeliveryState,
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  nextAttemptAt: orNull(Type.String({ format: 'date-time', description: 'the next attempt, while it is pending' })),
  attempts: Type.Array(Attempt, { description: 'oldest first; the last 50' }),
})
export type Delivery = Static<typeof Delivery>

/** The id of the one delivery that tells of this event of a job. Has no full stop, which the signed text is parted by. */
export const deliveryId = (jobId: string, event: WebhookEvent): string =>
  `${jobId}-${event === 'job.started' ? 'started' : 'finished'}`

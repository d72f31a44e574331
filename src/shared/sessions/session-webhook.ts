import Type, { type Static } from 'typebox'
import { SessionWebhookEvent } from '../webhook.ts'
import type { NewDelivery } from '../webhooks/new-delivery.ts'
import { Session } from './session.ts'

/** What a webhook of a session is sent. */
export const SessionWebhookBody = Type.Object({
  type: SessionWebhookEvent,
  timestamp: Type.String({ format: 'date-time', description: 'when the session started, or ended: RFC 3339, UTC' }),
  data: Type.Object({
    ...Session.properties,
    url: Type.String({ description: 'address of the session: `/v1/sessions/<id>`' }),
  }),
})
export type SessionWebhookBody = Static<typeof SessionWebhookBody>

/** The delivery that tells a session's owner of an event. @param session as it is from this event on */
export function sessionDelivery(session: Session, type: SessionWebhookEvent): NewDelivery {
  const timestamp = (type === 'session.started' ? session.startedAt : session.endedAt) ?? session.createdAt
  const body: SessionWebhookBody = { type, timestamp, data: { ...session, url: `/v1/sessions/${session.id}` } }
  return [`${session.id}-${type === 'session.started' ? 'started' : 'ended'}`, type, JSON.stringify(body)]
}

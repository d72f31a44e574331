import type { WebhookEvent } from '../webhook.ts'
import type { Attempt, Delivery, DeliveryState } from './delivery.ts'

/** A delivery with what only those who deliver it need. */
export interface StoredDelivery extends Delivery {
  tenant: string
  /** The text that is sent, the same at every attempt. */
  body: string
  /** Attempts of the present round of the schedule. */
  tries: number
  /** Whether its owner asked for it again, and that has not ended. */
  byHand: boolean
}

/**
 * @param fields of its hash
 * @returns undefined when there are none
 */
export function parseDelivery(id: string, fields: Record<string, string>): StoredDelivery | undefined {
  if (fields['tenant'] === undefined) return undefined
  const text = (name: string) => fields[name] ?? ''
  const time = (name: string) => new Date(Number(text(name))).toISOString()
  const state = text('state') as DeliveryState
  return {
    id,
    tenant: text('tenant'),
    event: text('event') as WebhookEvent,
    jobId: text('jobId'),
    url: text('url'),
    body: text('body'),
    state,
    createdAt: time('createdAt'),
    nextAttemptAt: state === 'pending' ? time('nextAttemptAt') : null,
    tries: Number(text('tries')),
    byHand: text('byHand') === '1',
    attempts: attemptsOf(fields),
  }
}

function attemptsOf(fields: Record<string, string>): Attempt[] {
  return Object.entries(fields)
    .flatMap(([name, json]) => (name.startsWith('attempt:') ? [{ number: Number(name.slice(8)), json }] : []))
    .sort((a, b) => a.number - b.number)
    .map(({ json }) => JSON.parse(json) as Attempt)
}

/** The delivery as its owner sees it. */
export function publicDelivery(stored: StoredDelivery): Delivery {
  const { tenant: _tenant, body: _body, tries: _tries, byHand: _byHand, ...delivery } = stored
  return delivery
}

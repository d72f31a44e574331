import type { Attempt, Delivery, DeliveryEvent, DeliveryState } from './delivery.ts'

/** A delivery with what only those who deliver it need, but without the text that is sent. */
export interface DeliverySummary extends Delivery {
  tenant: string
  /** Attempts of the present round of the schedule. */
  tries: number
  /** Whether its owner asked for it again, and that has not ended. */
  byHand: boolean
}

export interface StoredDelivery extends DeliverySummary {
  /** The text that is sent, the same at every attempt. */
  body: string
}

/**
 * @param fields of its hash, all of them
 * @returns undefined when there are none
 */
export function parseDelivery(id: string, fields: Record<string, string>): StoredDelivery | undefined {
  const summary = parseSummary(id, fields)
  return summary && { ...summary, body: fields['body'] ?? '' }
}

/** What a summary is made of, beside the attempts (`attempt:N`); `made` is the number of the last of those. */
export const SUMMARY_FIELDS = [
  'tenant',
  'event',
  'jobId',
  'url',
  'state',
  'createdAt',
  'nextAttemptAt',
  'tries',
  'byHand',
  'made',
] as const

/**
 * @param fields of its hash, without its body
 * @returns undefined when there are none
 */
export function parseSummary(id: string, fields: Record<string, string>): DeliverySummary | undefined {
  if (fields['tenant'] === undefined) return undefined
  const text = (name: string) => fields[name] ?? ''
  const time = (name: string) => new Date(Number(text(name))).toISOString()
  const state = text('state') as DeliveryState
  const event = text('event') as DeliveryEvent
  const ofSession = event.startsWith('session.')
  return {
    id,
    tenant: text('tenant'),
    event,
    jobId: ofSession ? null : text('jobId') || null,
    ...(ofSession && { sessionId: text('jobId') }),
    url: text('url'),
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
export function publicDelivery(stored: DeliverySummary): Delivery {
  const { id, event, jobId, sessionId, url, state, createdAt, nextAttemptAt, attempts } = stored
  return {
    id,
    event,
    jobId,
    ...(sessionId !== undefined && { sessionId }),
    url,
    state,
    createdAt,
    nextAttemptAt,
    attempts,
  }
}

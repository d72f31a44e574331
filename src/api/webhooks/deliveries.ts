import type { Response } from 'express'
import Type, { type Static } from 'typebox'
import { Problem } from '../../shared/problems.ts'
import type { WebhookQueue } from '../../shared/redis/webhook-queue.ts'
import type { Deliveries } from '../../shared/webhooks/deliveries.ts'
import { Delivery, DeliveryState } from '../../shared/webhooks/delivery.ts'
import { publicDelivery, type StoredDelivery } from '../../shared/webhooks/stored-delivery.ts'
import { SessionWebhookBody } from '../../shared/sessions/session-webhook.ts'
import { WebhookBody, WebhookTestBody } from '../../shared/webhooks/webhook-body.ts'
import { JOB_ID } from '../http/openapi/examples/results.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'

export interface DeliveryNeeds {
  deliveries: Pick<Deliveries, 'read' | 'list' | 'listAll' | 'redeliver' | 'cancel' | 'add'>
  queue: Pick<WebhookQueue, 'hurry'>
}

export const DEFAULT_LIMIT = 50

export const DeliveriesQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^(?:[1-9][0-9]?|100)$', description: '1 to 100; 50 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 256, description: '`next` of the previous page' })),
    state: Type.Optional(DeliveryState),
  },
  { additionalProperties: false },
)
const DeliveryPage = Type.Object({
  deliveries: Type.Array(Delivery),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'the `cursor` of the next page; `null` on the last',
  }),
})

/** One delivery with what is sent. */
const WholeDelivery = Type.Object({
  ...Delivery.properties,
  payload: Type.Union([WebhookBody, SessionWebhookBody, WebhookTestBody]),
})
type WholeDelivery = Static<typeof WholeDelivery>

const example: Delivery = {
  id: `${JOB_ID}-finished`,
  event: 'job.finished',
  jobId: JOB_ID,
  url: 'https://example.com/hooks/runyard',
  state: 'succeeded',
  createdAt: '2027-01-31T12:00:00.018Z',
  nextAttemptAt: null,
  attempts: [{ at: '2027-01-31T12:00:00.020Z', status: 204, error: null, durationMs: 84, answer: '' }],
}

const common = { tag: 'Webhooks', scopes: ['jobs', 'containers'], cache: 'no-store' } as const

/** The caller's own deliveries, with every attempt. */
export const deliveryRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/webhook-deliveries',
    id: 'listWebhookDeliveries',
    summary: 'List webhook deliveries',
    description: 'Your own deliveries with every attempt, newest first.',
    query: DeliveriesQuery,
    answers: {
      200: {
        description: 'One page.',
        schema: DeliveryPage,
        examples: { page: { summary: 'The last page', value: { deliveries: [example], next: null } } },
      },
    },
    schemas: { DeliveryPage },
    async handle({ deliveries }: DeliveryNeeds, { caller, query, send }) {
      const { limit, cursor, state } = query
      const asked = { limit: limit === undefined ? DEFAULT_LIMIT : Number(limit), cursor, state }
      const page = await deliveries.list(caller.tenant, asked).catch(badCursor)
      send(200, { deliveries: page.deliveries.map(publicDelivery), next: page.next })
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/webhook-deliveries/:id',
    id: 'readWebhookDelivery',
    summary: 'Read a delivery with its payload',
    params: { id: PATH.delivery },
    answers: { 200: { description: 'The delivery and its payload.', schema: WholeDelivery } },
    schemas: { WholeDelivery },
    async handle({ deliveries }: DeliveryNeeds, { res, params, send }) {
      const stored = await ownDelivery(deliveries, res, params.id)
      send(200, { ...publicDelivery(stored), payload: JSON.parse(stored.body) as WholeDelivery['payload'] })
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/webhook-deliveries/:id/redeliver',
    id: 'redeliverWebhook',
    summary: 'Repeat a delivery',
    description: 'Sends it now, with the same `webhook-id` and body, in any state.',
    params: { id: PATH.delivery },
    answers: { 202: { description: 'The delivery is pending again.', schema: Delivery } },
    async handle({ deliveries, queue }: DeliveryNeeds, { res, params, caller, send }) {
      const id = params.id.toLowerCase()
      if (!(await deliveries.redeliver(id, caller.tenant))) throw noDelivery()
      await queue.hurry(id)
      send(202, publicDelivery(await ownDelivery(deliveries, res, id)))
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/webhook-deliveries/:id/cancel',
    id: 'cancelWebhook',
    summary: 'Cancel a pending delivery',
    description: 'Makes no more attempts; one in progress continues. A delivery that has ended does not change.',
    params: { id: PATH.delivery },
    answers: { 200: { description: 'The delivery.', schema: Delivery } },
    async handle({ deliveries }: DeliveryNeeds, { res, params, caller, send }) {
      const id = params.id.toLowerCase()
      if (!(await deliveries.cancel(id, caller.tenant))) throw noDelivery()
      send(200, publicDelivery(await ownDelivery(deliveries, res, id)))
    },
  }),
]

export const noDelivery = () => new Problem('not-found', 'the delivery does not exist, or it has expired')

/** What a list throws for a cursor that it did not give. @throws Problem `invalid-request`, or what it was given */
export function badCursor(error: unknown): never {
  if (!(error instanceof RangeError)) throw error
  throw invalidRequest([{ pointer: '/cursor', detail: 'is not the `next` of a page' }])
}

/** @throws Problem `not-found` when there is none, or it is somebody else's */
export async function ownDelivery(
  { read }: Pick<Deliveries, 'read'>,
  res: Response,
  id: string,
): Promise<StoredDelivery> {
  const stored = await read(id.toLowerCase())
  if (stored?.tenant !== res.locals.caller.tenant) throw noDelivery()
  return stored
}

import { type Request, type Response, Router } from 'express'
import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { WebhookQueue } from '../../shared/redis/webhook-queue.ts'
import type { Deliveries } from '../../shared/webhooks/deliveries.ts'
import { checkWebhookUrl } from '../../shared/webhooks/check-webhook-url.ts'
import { Delivery, DeliveryState } from '../../shared/webhooks/delivery.ts'
import { publicDelivery, type StoredDelivery } from '../../shared/webhooks/stored-delivery.ts'
import { testDelivery } from '../../shared/webhooks/new-delivery.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'
import { WebhookBody, WebhookTestBody } from '../../shared/webhooks/webhook-body.ts'
import type { WebhookSecrets } from '../../shared/webhooks/webhook-secrets.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { bodyValidator } from '../http/validate.ts'
import { noQuery, queryOf } from '../http/query.ts'

export interface WebhookDeps {
  secrets: WebhookSecrets
  deliveries: Pick<Deliveries, 'read' | 'list' | 'redeliver' | 'cancel' | 'add'>
  /** Where webhooks may go. */
  reach: Reach
  queue: Pick<WebhookQueue, 'hurry'>
}

const DEFAULT_LIMIT = 50

export const DeliveriesQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^(?:[1-9][0-9]?|100)$', description: '1 to 100; 50 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 256, description: '`next` of the page before' })),
    state: Type.Optional(DeliveryState),
  },
  { additionalProperties: false },
)
export const DeliveryPage = Type.Object({
  deliveries: Type.Array(Delivery),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'the `cursor` of the next page; `null` when there is none',
  }),
})
type DeliveryPage = Static<typeof DeliveryPage>

/** One delivery with what is sent. */
export const WholeDelivery = Type.Object({
  ...Delivery.properties,
  payload: Type.Union([WebhookBody, WebhookTestBody]),
})
type WholeDelivery = Static<typeof WholeDelivery>

/** Where a test event is sent. */
export const WebhookTest = Type.Object(
  { url: Type.String({ minLength: 1, maxLength: 2048, description: 'http:// or https://' }) },
  { additionalProperties: false },
)
export const MAX_TEST_BYTES = 4 * KIB

const deliveriesQuery = queryOf(DeliveriesQuery)
const testRequest = bodyValidator(WebhookTest)

/** `/v1/webhook-secret`: what the caller's webhooks are signed with. Which callers may is decided before. */
export function webhookSecretRoutes({ secrets }: Pick<WebhookDeps, 'secrets'>): Router {
  const router = Router()
  router
    .route('/')
    .get(noQuery, async (_req, res) => {
      answer(res, await secrets.read(res.locals.caller.tenant))
    })
    .all(onlyMethods('GET'))
  router
    .route('/rotate')
    .post(noQuery, async (_req, res) => answer(res, await secrets.rotate(res.locals.caller.tenant)))
    .all(onlyMethods('POST'))
  return router
}

/** `/v1/webhook-test`: sends an event that tells of no job, to see whether webhooks arrive. Which callers may is decided before. */
export function webhookTestRoutes(deps: WebhookDeps): Router {
  const router = Router()
  router
    .route('/')
    .post(noQuery, jsonBody(MAX_TEST_BYTES), async (req, res) => {
      const id = await sendTestEvent(deps, res.locals.caller.tenant, testRequest(req.body).url)
      res.status(202)
      answer(res, publicDelivery(await ownDelivery(deps.deliveries, res, id)))
    })
    .all(onlyMethods('POST'))
  return router
}

/**
 * Notes a test event of a tenant and queues it.
 * @returns the id of its delivery
 * @throws Problem `invalid-request` when the URL cannot be used
 */
export async function sendTestEvent(
  { deliveries, queue, reach }: Pick<WebhookDeps, 'queue' | 'reach'> & { deliveries: Pick<Deliveries, 'add'> },
  tenant: string,
  url: string,
): Promise<string> {
  const detail = checkWebhookUrl(url, reach)
  if (detail !== undefined) throw invalidRequest([{ pointer: '/url', detail }])
  const id = `test-${uuid()}`
  await deliveries.add(testDelivery(id, new Date()), '', tenant, url)
  await queue.hurry(id)
  return id
}

/** `/v1/webhook-deliveries`: the caller's own, with every attempt. Which callers may is decided before. */
export function webhookDeliveryRoutes({ deliveries, queue }: Pick<WebhookDeps, 'deliveries' | 'queue'>): Router {
  const router = Router()
  router
    .route('/')
    .get(async (req, res) => {
      const { limit, cursor, state } = deliveriesQuery(req)
      const query = { limit: limit === undefined ? DEFAULT_LIMIT : Number(limit), cursor, state }
      const page = await deliveries.list(res.locals.caller.tenant, query).catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error
        throw invalidRequest([{ pointer: '/cursor', detail: 'is not the `next` of a page before' }])
      })
      const shown: DeliveryPage = { deliveries: page.deliveries.map(publicDelivery), next: page.next }
      answer(res, shown)
    })
    .all(onlyMethods('GET'))
  router
    .route('/:id')
    .get(noQuery, async (req: Request<{ id: string }>, res) => {
      const stored = await ownDelivery(deliveries, res, req.params.id)
      const whole: WholeDelivery = {
        ...publicDelivery(stored),
        payload: JSON.parse(stored.body) as WholeDelivery['payload'],
      }
      answer(res, whole)
    })
    .all(onlyMethods('GET'))
  router
    .route('/:id/redeliver')
    .post(noQuery, async (req: Request<{ id: string }>, res) => {
      const id = req.params.id.toLowerCase()
      if (!(await deliveries.redeliver(id, res.locals.caller.tenant))) throw noDelivery()
      await queue.hurry(id)
      res.status(202)
      answer(res, publicDelivery(await ownDelivery(deliveries, res, id)))
    })
    .all(onlyMethods('POST'))
  router
    .route('/:id/cancel')
    .post(noQuery, async (req: Request<{ id: string }>, res) => {
      const id = req.params.id.toLowerCase()
      if (!(await deliveries.cancel(id, res.locals.caller.tenant))) throw noDelivery()
      answer(res, publicDelivery(await ownDelivery(deliveries, res, id)))
    })
    .all(onlyMethods('POST'))
  return router
}

const answer = (res: Response, body: unknown): void => void res.set('Cache-Control', 'no-store').json(body)

const noDelivery = () => new Problem('not-found', 'there is no such delivery, or it has expired')

/** @throws Problem `not-found` when there is none, or it is somebody else's */
async function ownDelivery({ read }: Pick<Deliveries, 'read'>, res: Response, id: string): Promise<StoredDelivery> {
  const stored = await read(id.toLowerCase())
  if (stored?.tenant !== res.locals.caller.tenant) throw noDelivery()
  return stored
}

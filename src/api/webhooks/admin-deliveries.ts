import { type Request, type Response, Router } from 'express'
import Type, { type Static } from 'typebox'
import { Problem } from '../../shared/problems.ts'
import { originOf } from '../../shared/webhooks/check-webhook-url.ts'
import type { Deliveries } from '../../shared/webhooks/deliveries.ts'
import { Delivery } from '../../shared/webhooks/delivery.ts'
import { type DeliverySummary, publicDelivery } from '../../shared/webhooks/stored-delivery.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { noQuery, queryOf } from '../http/query.ts'
import { bodyValidator } from '../http/validate.ts'
import { DeliveriesQuery, MAX_TEST_BYTES, sendTestEvent, WebhookTest, type WebhookDeps } from './webhooks.ts'
import type { Audit } from '../access/audit.ts'

export interface AdminWebhooksDeps {
  deliveries: Pick<Deliveries, 'read' | 'list' | 'listAll' | 'redeliver' | 'cancel' | 'add'>
  queue: WebhookDeps['queue']
  reach: WebhookDeps['reach']
}

const DEFAULT_LIMIT = 50

export const AdminDeliveriesQuery = Type.Object(
  { ...DeliveriesQuery.properties, tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })) },
  { additionalProperties: false },
)
const { url: _url, ...delivery } = Delivery.properties
/** A delivery as an operator sees it. */
export const AdminDelivery = Type.Object({
  ...delivery,
  tenant: Type.String(),
  origin: Type.String({ description: 'of its URL; the rest may be a secret' }),
})
type AdminDelivery = Static<typeof AdminDelivery>
export const AdminDeliveryPage = Type.Object({
  deliveries: Type.Array(AdminDelivery),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'the `cursor` of the next page; `null` when there is none',
  }),
})
export const AdminWebhookTest = Type.Object(
  {
    ...WebhookTest.properties,
    tenant: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'whose secret signs it, and whose deliveries have it',
    }),
  },
  { additionalProperties: false },
)
const deliveriesQuery = queryOf(AdminDeliveriesQuery)
const testRequest = bodyValidator(AdminWebhookTest)

/**
 * `/v1/admin/webhook-deliveries`: those of all tenants. Of their URLs only the origin is told, since the rest may be a secret between
 * a tenant and its receiver. Which callers may is decided before.
 */
export function adminWebhookRoutes(deps: AdminWebhooksDeps, audit: Audit): Router {
  const { deliveries, queue } = deps
  const router = Router()
  const readShown = async (id: string) => {
    const now = await deliveries.read(id)
    if (!now) throw noDelivery()
    return shown(now)
  }
  router
    .route('/')
    .get(async (req, res) => {
      const { limit, cursor, state, tenant } = deliveriesQuery(req)
      const query = { limit: limit === undefined ? DEFAULT_LIMIT : Number(limit), cursor, state }
      const found = tenant === undefined ? deliveries.listAll(query) : deliveries.list(tenant, query)
      const page = await found.catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error
        throw invalidRequest([{ pointer: '/cursor', detail: 'is not the `next` of a page before' }])
      })
      const told: Static<typeof AdminDeliveryPage> = { deliveries: page.deliveries.map(shown), next: page.next }
      answer(res, told)
    })
    .all(onlyMethods('GET'))
  router
    .route('/:id/redeliver')
    .post(noQuery, async (req: Request<{ id: string }>, res) => {
      const id = req.params.id.toLowerCase()
      const stored = await deliveries.read(id)
      if (!stored || !(await deliveries.redeliver(id, stored.tenant))) throw noDelivery()
      await queue.hurry(id)
      audit(
        req,
        'webhook-redelivered',
        `the delivery ${id} of the tenant ${stored.tenant} is made again`,
        stored.jobId ?? undefined,
      )
      res.status(202)
      answer(res, await readShown(id))
    })
    .all(onlyMethods('POST'))
  router
    .route('/:id/cancel')
    .post(noQuery, async (req: Request<{ id: string }>, res) => {
      const id = req.params.id.toLowerCase()
      const stored = await deliveries.read(id)
      if (!stored || !(await deliveries.cancel(id, stored.tenant))) throw noDelivery()
      const shown = await readShown(id)
      // One that had ended stays as it is.
      if (stored.state === 'pending' && shown.state === 'cancelled') {
        audit(
          req,
          'webhook-cancelled',
          `the delivery ${id} of the tenant ${stored.tenant} is cancelled`,
          stored.jobId ?? undefined,
        )
      }
      answer(res, shown)
    })
    .all(onlyMethods('POST'))
  router
    .route('/test')
    .post(noQuery, jsonBody(MAX_TEST_BYTES), async (req, res) => {
      const { url, tenant } = testRequest(req.body)
      const id = await sendTestEvent(deps, tenant, url)
      audit(req, 'webhook-tested', `a test event ${id} is sent to ${originOf(url)} for the tenant ${tenant}`)
      res.status(202)
      answer(res, await readShown(id))
    })
    .all(onlyMethods('POST'))
  return router
}

const answer = (res: Response, body: unknown): void => void res.set('Cache-Control', 'no-store').json(body)

const noDelivery = () => new Problem('not-found', 'there is no such delivery, or it has expired')

function shown(stored: DeliverySummary): AdminDelivery {
  const { url, ...rest } = publicDelivery(stored)
  return { ...rest, tenant: stored.tenant, origin: originOf(url) }
}

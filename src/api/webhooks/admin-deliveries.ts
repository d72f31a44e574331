import Type, { type Static } from 'typebox'
import { originOf } from '../../shared/webhooks/check-webhook-url.ts'
import { Delivery } from '../../shared/webhooks/delivery.ts'
import { type DeliverySummary, publicDelivery } from '../../shared/webhooks/stored-delivery.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { badCursor, DEFAULT_LIMIT, DeliveriesQuery, type DeliveryNeeds, noDelivery } from './deliveries.ts'
import { MAX_TEST_BYTES, sendTestEvent, type TestNeeds, WebhookTest } from './test-webhook.ts'

const AdminDeliveriesQuery = Type.Object(
  { ...DeliveriesQuery.properties, tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })) },
  { additionalProperties: false },
)
const { url: _url, ...delivery } = Delivery.properties
/** A delivery as an operator sees it. */
const AdminDelivery = Type.Object({
  ...delivery,
  tenant: Type.String(),
  origin: Type.String({ description: 'of its URL; the rest may be secret' }),
})
type AdminDelivery = Static<typeof AdminDelivery>
const AdminDeliveryPage = Type.Object({
  deliveries: Type.Array(AdminDelivery),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'the `cursor` of the next page; `null` on the last',
  }),
})
const AdminWebhookTest = Type.Object(
  {
    ...WebhookTest.properties,
    tenant: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'the tenant whose secret signs it and whose deliveries list it',
    }),
  },
  { additionalProperties: false },
)

interface Audited extends DeliveryNeeds {
  audit: Audit
}

const common = { tag: 'Administration', scopes: ['admin'], cache: 'no-store' } as const

/** Those of all tenants. Of their URLs only the origin is told, since the rest may be a secret between a tenant and its receiver. */
export const adminDeliveryRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/webhook-deliveries',
    id: 'listAllDeliveries',
    summary: 'List the webhook deliveries of all tenants',
    description: 'Newest first, with every attempt. URLs are reduced to their origin.',
    query: AdminDeliveriesQuery,
    answers: { 200: { description: 'One page.', schema: AdminDeliveryPage } },
    schemas: { AdminDelivery, AdminDeliveryPage },
    async handle({ deliveries }: DeliveryNeeds, { query, send }) {
      const { limit, cursor, state, tenant } = query
      const asked = { limit: limit === undefined ? DEFAULT_LIMIT : Number(limit), cursor, state }
      const found = tenant === undefined ? deliveries.listAll(asked) : deliveries.list(tenant, asked)
      const page = await found.catch(badCursor)
      send(200, { deliveries: page.deliveries.map(shown), next: page.next })
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/webhook-deliveries/:id/redeliver',
    id: 'redeliverAny',
    summary: 'Repeat a delivery of any tenant',
    params: { id: PATH.delivery },
    answers: { 202: { description: 'The delivery is pending again.', schema: AdminDelivery } },
    async handle({ deliveries, queue, audit }: Audited, request) {
      const id = request.params.id.toLowerCase()
      const stored = await deliveries.read(id)
      if (!stored || !(await deliveries.redeliver(id, stored.tenant))) throw noDelivery()
      await queue.hurry(id)
      const detail = `the delivery ${id} of the tenant ${stored.tenant} is made again`
      audit(request, 'webhook-redelivered', detail, stored.jobId ?? undefined)
      request.send(202, await readShown(deliveries, id))
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/webhook-deliveries/:id/cancel',
    id: 'cancelAny',
    summary: 'Cancel a pending delivery of any tenant',
    params: { id: PATH.delivery },
    answers: { 200: { description: 'The delivery.', schema: AdminDelivery } },
    async handle({ deliveries, audit }: Audited, request) {
      const id = request.params.id.toLowerCase()
      const stored = await deliveries.read(id)
      if (!stored || !(await deliveries.cancel(id, stored.tenant))) throw noDelivery()
      const now = await readShown(deliveries, id)
      // One that had ended stays as it is.
      if (stored.state === 'pending' && now.state === 'cancelled') {
        const detail = `the delivery ${id} of the tenant ${stored.tenant} is cancelled`
        audit(request, 'webhook-cancelled', detail, stored.jobId ?? undefined)
      }
      request.send(200, now)
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/webhook-deliveries/test',
    id: 'testAnyWebhook',
    summary: 'Send a test event for a tenant',
    body: {
      schema: AdminWebhookTest,
      examples: {
        url: { summary: 'To a receiver of a tenant', value: { tenant: 'acme', url: 'https://receiver.invalid/hooks' } },
      },
      maxBytes: MAX_TEST_BYTES,
    },
    answers: { 202: { description: 'Its delivery.', schema: AdminDelivery } },
    async handle({ audit, ...needs }: TestNeeds & { audit: Audit }, request) {
      const { url, tenant } = request.body
      const id = await sendTestEvent(needs, tenant, url)
      const detail = `a test event ${id} is sent to ${originOf(url)} for the tenant ${tenant}`
      audit(request, 'webhook-tested', detail)
      request.send(202, await readShown(needs.deliveries, id))
    },
  }),
]

async function readShown({ read }: Pick<DeliveryNeeds['deliveries'], 'read'>, id: string): Promise<AdminDelivery> {
  const now = await read(id)
  if (!now) throw noDelivery()
  return shown(now)
}

function shown(stored: DeliverySummary): AdminDelivery {
  const { url, ...rest } = publicDelivery(stored)
  return { ...rest, tenant: stored.tenant, origin: originOf(url) }
}

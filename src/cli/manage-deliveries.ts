import { createDeliveries } from '../shared/webhooks/deliveries.ts'
import { createWebhookQueue } from '../shared/redis/webhook-queue.ts'
import { originOf } from '../shared/webhooks/check-webhook-url.ts'
import type { DeliveryState } from '../shared/webhooks/delivery.ts'
import { publicDelivery, type DeliverySummary } from '../shared/webhooks/stored-delivery.ts'
import { type CliContext, UsageError } from './context.ts'
import { type Paint, plain } from './paint.ts'
import { second, table } from './table.ts'
import { withRedis } from './with-redis.ts'

export interface ListOptions {
  tenant: string
  state?: DeliveryState
  limit: number
  json?: boolean
}

/** `runyard webhooks deliveries`. */
export async function listDeliveries(context: CliContext, { tenant, state, limit, json }: ListOptions): Promise<void> {
  const found = await withRedis(context, async (redis, keys) => {
    const deliveries = createDeliveries(redis, keys, context.config.webhooks.deliveriesKeptSeconds)
    const all: DeliverySummary[] = []
    let cursor: string | undefined
    do {
      const page = await deliveries.list(tenant, { limit: limit - all.length, cursor, state })
      all.push(...page.deliveries)
      cursor = page.next ?? undefined
    } while (cursor !== undefined && all.length < limit)
    return all
  })
  if (json) {
    const shown = found.map((stored) => {
      const { url, ...rest } = publicDelivery(stored)
      return { ...rest, origin: originOf(url) }
    })
    return context.print(JSON.stringify({ deliveries: shown }, null, 2))
  }
  context.print(found.length === 0 ? 'No deliveries match.' : deliveryTable(found, context.paint))
}

/** `runyard webhooks redeliver`. @throws UsageError when there is no such delivery */
export async function redeliver(context: CliContext, id: string, json: boolean): Promise<void> {
  await withRedis(context, async (redis, keys) => {
    const deliveries = createDeliveries(redis, keys, context.config.webhooks.deliveriesKeptSeconds)
    const stored = await deliveries.read(id)
    if (!stored || !(await deliveries.redeliver(id, stored.tenant))) {
      throw new UsageError(`delivery ${id} does not exist, or it has expired`)
    }
    const queue = createWebhookQueue(redis, keys)
    await queue.hurry(id).finally(() => queue.close())
  })
  context.print(
    json ? JSON.stringify({ id, redelivered: true }, null, 2) : `${id} will be delivered again by the next free worker`,
  )
}

/** `runyard webhooks cancel`. @throws UsageError when there is no such delivery */
export async function cancel(context: CliContext, id: string, json: boolean): Promise<void> {
  const state = await withRedis(context, async (redis, keys) => {
    const deliveries = createDeliveries(redis, keys, context.config.webhooks.deliveriesKeptSeconds)
    const stored = await deliveries.read(id)
    if (!stored || !(await deliveries.cancel(id, stored.tenant))) {
      throw new UsageError(`delivery ${id} does not exist, or it has expired`)
    }
    return (await deliveries.read(id))?.state ?? 'cancelled'
  })
  const words = state === 'cancelled' ? `${id} is cancelled` : `${id} had already ended: ${state}`
  context.print(json ? JSON.stringify({ id, state }, null, 2) : words)
}

const FORMATS = { succeeded: 'green', failed: 'red', cancelled: 'dim', pending: 'cyan' } as const

function deliveryTable(deliveries: readonly DeliverySummary[], paint: Paint = plain): string {
  const rows = deliveries.map(({ id, createdAt, state, attempts, url }) => {
    const last = attempts.at(-1)
    const answer = last === undefined ? '-' : (last.error ?? String(last.status))
    return [id, second(createdAt), state, String(attempts.length), answer, originOf(url)]
  })
  const format = (state: string) => (FORMATS as Partial<Record<string, 'green' | 'red' | 'dim' | 'cyan'>>)[state]
  const columns = [
    { title: 'ID' },
    { title: 'CREATED (UTC)' },
    { title: 'STATE', format },
    { title: 'ATTEMPTS' },
    { title: 'LAST ANSWER' },
    { title: 'TO' },
  ]
  const hints = [...new Set(deliveries.flatMap(({ attempts }) => attempts.at(-1)?.hint ?? []))]
  const sentences = hints.map((hint) => `${hint[0]?.toUpperCase()}${hint.slice(1)}.`)
  return [table(columns, rows, paint), ...sentences].join('\n')
}

import { type Command, InvalidArgumentError, Option } from 'commander'
import { createWebhookQueue } from '../shared/redis/webhook-queue.ts'
import { originOf } from '../shared/webhooks/check-webhook-url.ts'
import { createDeliveries } from '../shared/webhooks/deliveries.ts'
import { DELIVERY_STATES, type DeliveryState } from '../shared/webhooks/delivery.ts'
import { publicDelivery, type DeliverySummary } from '../shared/webhooks/stored-delivery.ts'
import { type CliContext, UsageError } from './context.ts'
import { withRedis } from './with-redis.ts'

interface ListOptions {
  tenant: string
  state?: DeliveryState
  limit: number
  json?: boolean
}

/** Adds `runyard webhooks deliveries|redeliver`. */
export function addWebhookCommands(program: Command, context: () => CliContext): void {
  const webhooks = program.command('webhooks').description('see deliveries of webhooks, and repeat them')
  webhooks
    .command('deliveries')
    .description('deliveries of a tenant, newest first; of their URLs only the origin')
    .requiredOption('--tenant <tenant>', 'whose')
    .addOption(new Option('--state <state>', 'only these').choices(DELIVERY_STATES))
    .option('--limit <count>', 'how many at most', parseCount, 20)
    .option('--json', 'print them as JSON')
    .action((options: ListOptions) => listDeliveries(context(), options))
  webhooks
    .command('redeliver')
    .description('make a delivery once more, with the same webhook-id')
    .argument('<id>', 'of the delivery')
    .option('--json', 'print it as JSON')
    .action((id: string, { json = false }: { json?: boolean }) => redeliver(context(), id, json))
}

async function listDeliveries(context: CliContext, { tenant, state, limit, json }: ListOptions): Promise<void> {
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
  context.print(found.length === 0 ? 'There are no such deliveries.' : table(found))
}

/** @throws UsageError when there is no such delivery */
async function redeliver(context: CliContext, id: string, json: boolean): Promise<void> {
  await withRedis(context, async (redis, keys) => {
    const deliveries = createDeliveries(redis, keys, context.config.webhooks.deliveriesKeptSeconds)
    const stored = await deliveries.read(id)
    if (!stored || !(await deliveries.redeliver(id, stored.tenant))) {
      throw new UsageError(`there is no delivery ${id}, or it has expired`)
    }
    const queue = createWebhookQueue(redis, keys)
    await queue.hurry(id).finally(() => queue.close())
  })
  context.print(
    json
      ? JSON.stringify({ id, redelivered: true }, null, 2)
      : `${id} is delivered again by the next worker that is free`,
  )
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 9999.')
  return Number(text)
}

const second = (timestamp: string) => timestamp.slice(0, 19).replace('T', ' ')

function table(deliveries: readonly DeliverySummary[]): string {
  const rows = [
    ['ID', 'MADE (UTC)', 'STATE', 'ATTEMPTS', 'LAST', 'TO'],
    ...deliveries.map(({ id, createdAt, state, attempts, url }) => {
      const last = attempts.at(-1)
      const told = last === undefined ? '-' : (last.error ?? String(last.status))
      return [id, second(createdAt), state, String(attempts.length), told, originOf(url)]
    }),
  ]
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n') // prettier-ignore
}

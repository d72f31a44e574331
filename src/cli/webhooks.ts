import { type Command, InvalidArgumentError, Option } from 'commander'
import { createWebhookQueue } from '../shared/redis/webhook-queue.ts'
import { originOf } from '../shared/webhooks/check-webhook-url.ts'
import { createDeliveries } from '../shared/webhooks/deliveries.ts'
import { DELIVERY_STATES, type DeliveryState } from '../shared/webhooks/delivery.ts'
import { publicDelivery, type DeliverySummary } from '../shared/webhooks/stored-delivery.ts'
import { type CliContext, UsageError } from './context.ts'
import { addConnectionOptions, connect, type ConnectionOptions } from './jobs/connection.ts'
import { explain } from './jobs/explain.ts'
import type { JobCommandDeps } from './jobs/jobs.ts'
import { listenForWebhooks } from './listen-webhooks.ts'
import { withRedis } from './with-redis.ts'

interface ListOptions {
  tenant: string
  state?: DeliveryState
  limit: number
  json?: boolean
}

/** Adds `runyard webhooks listen|deliveries|redeliver|cancel`. */
export function addWebhookCommands(
  program: Command,
  deps: Pick<JobCommandDeps, 'context' | 'env' | 'streams' | 'signals'>,
): void {
  const { context, env, streams, signals } = deps
  const webhooks = program
    .command('webhooks')
    .description('receive webhooks here, see deliveries, repeat and cancel them')
  addConnectionOptions(
    webhooks.command('listen').description('receive webhooks on this machine, verify and print them'),
  )
    .option('-p, --port <port>', 'where to listen', parsePort, 8080)
    .option('--host <address>', 'of this machine, as the service reaches it', '127.0.0.1')
    .option('-f, --forward <url>', 'pass on what arrives, and answer what that answers')
    .option('--json', 'print each event as JSON, in a line of its own')
    .action(async (options: ConnectionOptions & { port: number; host: string; forward?: string; json?: boolean }) => {
      const { forward, host, port, json = false } = options
      if (forward !== undefined && !(/^https?:/i.test(forward) && URL.canParse(forward))) {
        throw new UsageError(`--forward is ${forward}; it must be like http://127.0.0.1:8000/hooks`)
      }
      const connection = await connect(options, env, context, streams.note)
      const { stop } = signals()
      await listenForWebhooks({ connection, host, port, forward, json, streams, stop }).catch((error: unknown) => {
        throw explain(error, connection, 'webhooks')
      })
    })
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
  webhooks
    .command('cancel')
    .description('end a pending delivery: no more attempts are made')
    .argument('<id>', 'of the delivery')
    .option('--json', 'print it as JSON')
    .action((id: string, { json = false }: { json?: boolean }) => cancel(context(), id, json))
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

/** @throws UsageError when there is no such delivery */
async function cancel(context: CliContext, id: string, json: boolean): Promise<void> {
  const state = await withRedis(context, async (redis, keys) => {
    const deliveries = createDeliveries(redis, keys, context.config.webhooks.deliveriesKeptSeconds)
    const stored = await deliveries.read(id)
    if (!stored || !(await deliveries.cancel(id, stored.tenant))) {
      throw new UsageError(`there is no delivery ${id}, or it has expired`)
    }
    return (await deliveries.read(id))?.state ?? 'cancelled'
  })
  const words = state === 'cancelled' ? `${id} is cancelled` : `${id} has ended before: ${state}`
  context.print(json ? JSON.stringify({ id, state }, null, 2) : words)
}

function parsePort(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('It must be a port from 1 to 65535.')
  return Number(text)
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
  const hints = [...new Set(deliveries.flatMap(({ attempts }) => attempts.at(-1)?.hint ?? []))]
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()) // prettier-ignore
  return [...lines, ...hints.map((hint) => `${hint[0]?.toUpperCase()}${hint.slice(1)}.`)].join('\n')
}

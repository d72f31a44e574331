import { type Command, Option } from 'commander'
import { DELIVERY_STATES } from '../shared/webhooks/delivery.ts'
import { UsageError } from './context.ts'
import { addConnectionOptions, connect, type ConnectionOptions } from './service/connection.ts'
import type { JobCommandDeps } from './jobs/jobs.ts'
import type { ListOptions } from './manage-deliveries.ts'
import { wholeNumber } from './whole-number.ts'

const load = () => import('./manage-deliveries.ts')

/** Adds `runyard webhooks listen|deliveries|redeliver|cancel`. */
export function addWebhookCommands(
  program: Command,
  deps: Pick<JobCommandDeps, 'context' | 'env' | 'streams' | 'signals'>,
): void {
  const { context, env, streams, signals } = deps
  const webhooks = program
    .command('webhooks')
    .description('receive webhooks on this machine; list, repeat and cancel deliveries')
  addConnectionOptions(
    webhooks.command('listen').description('receive webhooks on this machine, verify and print them'),
  )
    .option('-p, --port <port>', 'port to listen on', wholeNumber(1, 65_535), 8080)
    .option('--host <address>', 'address of this machine, as the service reaches it', '127.0.0.1')
    .option('-f, --forward <url>', 'pass each request on to this URL, and return its answer')
    .option('--json', 'print each event as JSON, one a line')
    .action(async (options: ConnectionOptions & { port: number; host: string; forward?: string; json?: boolean }) => {
      const { forward, host, port, json = false } = options
      if (forward !== undefined && !(/^https?:/i.test(forward) && URL.canParse(forward))) {
        throw new UsageError(`--forward is ${forward}; it must be like http://127.0.0.1:8000/hooks`)
      }
      const { listenForWebhooks } = await import('./listen-webhooks.ts')
      const { explain } = await import('./service/explain.ts')
      const connection = await connect(options, env, context, streams.note)
      const { stop } = signals()
      await listenForWebhooks({ connection, host, port, forward, json, streams, stop }).catch((error: unknown) => {
        throw explain(error, connection, 'webhooks')
      })
    })
  webhooks
    .command('deliveries')
    .description('list the deliveries of a tenant, newest first; of each URL, only its origin is shown')
    .requiredOption('--tenant <tenant>', 'the tenant')
    .addOption(new Option('--state <state>', 'only deliveries in this state').choices(DELIVERY_STATES))
    .option('-n, --limit <count>', 'how many at most', wholeNumber(1, 9999), 20)
    .option('--json', 'print them as JSON')
    .action(async (options: ListOptions) => (await load()).listDeliveries(await context(), options))
  webhooks
    .command('redeliver')
    .description('send a delivery again, with the same webhook-id')
    .argument('<id>', 'of the delivery')
    .option('--json', 'print it as JSON')
    .action(async (id: string, { json = false }: { json?: boolean }) =>
      (await load()).redeliver(await context(), id, json),
    )
  webhooks
    .command('cancel')
    .description('cancel a pending delivery: no more attempts are made')
    .argument('<id>', 'of the delivery')
    .option('--json', 'print it as JSON')
    .action(async (id: string, { json = false }: { json?: boolean }) =>
      (await load()).cancel(await context(), id, json),
    )
}

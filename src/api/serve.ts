import type { Express } from 'express'
import { closeOnce } from '../shared/close-once.ts'
import { SECOND } from '../shared/limits.ts'
import type { OwnedCore } from './core.ts'
import { createGatewayServer } from './http/gateway-server.ts'
import type { Upgrades } from './http/upgrades.ts'
import type { MetricsFeature } from './metrics/metrics-feature.ts'

export interface RunningApi {
  /** e.g. `http://127.0.0.1:3000`; tells the port when it was asked for as 0. */
  url: string
  /** Where metrics are served, when they have a port of their own. */
  metricsUrl: string | undefined
  /** Ends what is held open, lets running requests answer, and closes. Idempotent. */
  close(): Promise<void>
}

const CLOSE_TIMEOUT_MS = 10 * SECOND

/**
 * Serves an app until it is closed.
 * @param features are closed after the server, in this order, the connections last
 * @throws Error when the address cannot be listened on; everything is closed then
 */
export async function serve(
  { core, connected, beginToClose, disconnect }: OwnedCore,
  app: Express,
  upgrades: Upgrades,
  metrics: MetricsFeature,
  features: readonly { close: () => Promise<void> }[],
): Promise<RunningApi> {
  const { config, log } = core
  const gateway = createGatewayServer(app, config.http.keepAliveSeconds * SECOND, log)
  upgrades.serve(gateway.server, app)
  const close = closeOnce(
    beginToClose,
    () => gateway.close(CLOSE_TIMEOUT_MS, () => upgrades.destroyAll()),
    () => metrics.close(),
    ...features.map((feature) => () => feature.close()),
    disconnect,
  )
  try {
    await connected()
    await metrics.start()
    const url = await gateway.listen(config.http)
    log.info({ url }, 'gateway ready')
    return { url, metricsUrl: metrics.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

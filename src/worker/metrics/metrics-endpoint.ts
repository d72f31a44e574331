import type { Logger } from 'pino'
import type { Config } from '../../shared/config/config.ts'
import type { Exposition } from '../../shared/metrics/exposition.ts'
import { type MetricsServer, startMetricsServer } from '../../shared/metrics/metrics-server.ts'

/** Where a worker's metrics are served, if a port is set. */
export interface MetricsEndpoint {
  readonly url: string | undefined
  /** @throws when the port is taken */
  start: () => Promise<void>
  close: () => Promise<void>
}

export function createMetricsEndpoint(
  { host, workerPort }: Config['metrics'],
  metrics: Exposition,
  log: Logger,
): MetricsEndpoint {
  let server: MetricsServer | undefined
  return {
    get url() {
      return server?.url
    },
    async start() {
      if (workerPort !== undefined) server = await startMetricsServer({ host, port: workerPort }, metrics, log)
    },
    close: async () => server?.close(),
  }
}

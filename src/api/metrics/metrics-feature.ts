import Type from 'typebox'
import { type MetricsServer, startMetricsServer } from '../../shared/metrics/metrics-server.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes, defineRoute } from '../http/route.ts'
import { createGatewayMetrics, type GatewayMetrics, type GatewayMetricsOptions } from './gateway-metrics.ts'

export const METRICS_ROUTES = [
  defineRoute({
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    tag: 'Service',
    summary: 'Metrics for Prometheus',
    description: 'Needs no key while `AUTH` is `none`. Returns 404 where metrics have a separate port.',
    scopes: ['admin'],
    problems: ['not-found'],
    answers: {
      200: {
        description: 'The text format of Prometheus.',
        type: 'text/plain',
        schema: Type.String(),
      },
    },
    async handle({ metrics }: { metrics: GatewayMetrics }, { res }) {
      const text = await metrics.text()
      res.set('Content-Type', metrics.register.contentType).send(text)
    },
  }),
]

export interface MetricsFeature {
  metrics: GatewayMetrics
  routes: BoundRoute[]
  /** Serves them on a port of their own, where they have one. */
  start: () => Promise<void>
  /** Where that is; undefined before `start`, and where they have none. */
  readonly url: string | undefined
  close: () => Promise<void>
}

/** What the gateway counts, for Prometheus. */
export function createMetricsFeature(
  { config, redis, keys, log }: Core,
  needs: Pick<GatewayMetricsOptions, 'overview' | 'securityCounts' | 'queueCounts'>,
): MetricsFeature {
  const metrics = createGatewayMetrics({ ofNode: true, redis, keys, config, ...needs })
  const { host, port } = config.metrics
  const isOpen = config.auth === 'none'
  const routes = bindRoutes({ metrics }, METRICS_ROUTES).map((route) => (isOpen ? { ...route, scopes: [] } : route))
  let server: MetricsServer | undefined
  return {
    metrics,
    routes: port === undefined ? routes : [],
    async start() {
      if (port !== undefined) server = await startMetricsServer({ host, port }, metrics, log)
    },
    get url() {
      return server?.url
    },
    close: async () => server?.close(),
  }
}

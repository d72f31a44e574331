import express, { type Express, type RequestHandler, type Router } from 'express'
import helmet from 'helmet'
import type { AccessFeature } from './access/access-feature.ts'
import { refuseCrossSite } from './access/cross-site.ts'
import { oneHost, ownHost } from './access/own-host.ts'
import { trustProxy } from './access/client-address.ts'
import type { CompatFeature } from './compat/compat-feature.ts'
import type { Core } from './core.ts'
import { answerProblem, noRoute, onlyMethods } from './http/answer-problem.ts'
import { compress } from './http/compress.ts'
import { requestLog } from './http/request-log.ts'
import type { BoundRoute } from './http/route.ts'
import { mountRoutes } from './http/router.ts'
import { traceRequests } from './http/trace-requests.ts'
import type { McpFeature } from './mcp/mcp-feature.ts'
import type { GatewayMetrics } from './metrics/gateway-metrics.ts'
import { requestMeter } from './metrics/request-meter.ts'
import type { PagesFeature } from './pages/pages-feature.ts'

export interface AppParts {
  metrics: GatewayMetrics
  access: AccessFeature
  /** Takes from the budget of a caller what its request costs. */
  limit: RequestHandler
  pages: PagesFeature
  docs: Router
  compat: CompatFeature
  mcp: McpFeature
  queueBoard: Router
  /** Those of all features. */
  routes: readonly BoundRoute[]
}

/**
 * The gateway's middleware, in the order a request meets it:
 *
 *   request id and log > security headers > host, other origins > health, documentation, pages > who is the caller > rate limit and blocks >
 *   scope > route: query, body, schema, screening, bounds of the queue, queue
 */
export function createApp({ config, redis, log, tracing }: Core, parts: AppParts): Express {
  const { metrics, access, limit, pages, docs, compat, mcp, queueBoard, routes } = parts
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('query parser', 'simple')
  trustProxy(app, config.http.trustProxy)
  const options = { allow: access.allow, bounds: config.http }
  const isBeforeAccess = ({ scopes, authenticates }: BoundRoute) => scopes === 'open' || authenticates === true

  app.use(requestMeter(app, metrics))
  if (tracing) app.use(traceRequests(tracing))
  app.use(requestLog(log))
  app.use(compress())
  app.use(helmet())
  app.use(oneHost)
  app.use(ownHost(config.auth))
  app.use(pages.embedded)
  app.use(compat.before)
  app.use(access.fromPages)
  app.use(refuseCrossSite(config.http.allowedOrigins))
  app.use(compat.findCaller)
  mountRoutes(app, routes.filter(isBeforeAccess), options)
  app.use(docs)
  if (pages.pages) app.use(pages.pages)
  // Clients of MCP look there for a server of OAuth when they get a 401; another 401 would have them go on looking.
  app.use('/.well-known', noRoute)
  app.use('/admin/queues', access.toLogin)
  app.use(access.authenticate)
  app.use(limit)
  app.use(compat.routes)
  app.use(mcp.routes)
  // Whatever lies there, known or not.
  app.use('/v1/admin', access.allow(['admin'], '/v1/admin'))
  app.use('/admin/queues', access.allow(['admin'], '/admin/queues'), queueBoard)
  mountRoutes(
    app,
    routes.filter((route) => !isBeforeAccess(route)),
    options,
  )
  app.route('/').get(pages.welcome).all(onlyMethods('GET'))

  app.use(noRoute)
  for (const { path, answer } of [...compat.errors, ...mcp.errors]) app.use(path, answer)
  app.use(answerProblem(redis, log))
  return app
}

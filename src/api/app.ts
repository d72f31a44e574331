import express, { type Express, type Request, type Response } from 'express'
import helmet from 'helmet'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { createAdminLogin } from './access/admin-login.ts'
import { authenticate } from './access/authenticate.ts'
import { refuseCrossSite } from './access/cross-site.ts'
import { oneHost, ownHost } from './access/own-host.ts'
import { requireScope } from './access/require-scope.ts'
import { trustProxy } from './access/trust-proxy.ts'
import { answerProblem, noRoute, onlyMethods } from './http/answer-problem.ts'
import { compress } from './http/compress.ts'
import { requestLog } from './http/request-log.ts'
import { authenticationFailures, rateLimit, spend, spendMore } from './rate-limit/rate-limit.ts'
import type { Budget } from './rate-limit/rate-limiter.ts'
import { traceRequests } from './http/trace-requests.ts'
import { requestMeter } from './metrics/request-meter.ts'
import { auditWith } from './access/audit.ts'
import { adminJobRoutes } from './jobs/admin-jobs.ts'
import { adminKeyRoutes } from './access/admin-keys.ts'
import { adminOverviewRoutes } from './admin/overview.ts'
import { queueBoardRoutes, toLogin } from './admin/queue-board/routes.ts'
import { adminRuntimeRoutes } from './runtimes/admin-runtimes.ts'
import { adminSecurityRoutes } from './admin/security.ts'
import { adminSessionRoutes } from './access/admin-session.ts'
import { adminWebhookRoutes } from './webhooks/admin-deliveries.ts'
import { batchRoutes } from './batches/batches-feature.ts'
import type { RouteDeps } from './routes/deps.ts'
import { documentationRoutes } from './documentation/documentation.ts'
import { healthRoutes } from './health/health.ts'
import { jobRoutes } from './jobs/jobs-feature.ts'
import { metricsRoutes } from './metrics/metrics-route.ts'
import { pageRoutes } from './pages/pages.ts'
import { type Accept, runNowRoutes } from './jobs/run-now.ts'
import { webhookDeliveryRoutes, webhookSecretRoutes, webhookTestRoutes } from './webhooks/webhooks.ts'
import { runtimeRoutes } from './runtimes/runtimes.ts'

/**
 * The gateway's middleware, in the order a request meets it:
 *
 *   request id and log > security headers > host, other origins > health, documentation, pages > who is the caller > rate limit and blocks >
 *   scope > route: body, schema, screening, bounds of the queue, queue
 */
export function createApp(deps: RouteDeps, redis: Redis, log: Logger): Express {
  const { config, intake, access, events } = deps
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('query parser', 'simple')
  trustProxy(app, config.http.trustProxy)

  /** The routes under `/api` have a policy of their own, for callers that have none. */
  const underApi =
    (accept: Accept): Accept =>
    (body, caller, requestId) =>
      accept(body, { ...caller, screening: caller.screening ?? config.screening.apiPolicy }, requestId)
  const allow = (...scopes: Parameters<typeof requireScope>[0][]) => requireScope(scopes.flat(), events.record)

  app.use(requestMeter(app, deps.metrics))
  if (deps.tracing) app.use(traceRequests(deps.tracing))
  app.use(requestLog(log))
  app.use(compress())
  app.use(helmet())
  app.use(oneHost)
  app.use(ownHost(config.auth))
  app.use(refuseCrossSite(config.http.allowedOrigins))
  app.use(healthRoutes(deps))
  app.use(documentationRoutes(config.auth))
  if (deps.pages) app.use(pageRoutes(deps.pages))
  const login = createAdminLogin(access)
  const onFailure = authenticationFailures(access.limiter, events.record)
  app.use('/v1/admin/session', adminSessionRoutes({ ...access, login, onFailure, audit: events.record }))
  app.use('/admin/queues', toLogin(login))
  const onEnded = (address: string, res: Response) =>
    spend(access.limiter, { address, keyId: null, rate: null }, 'read', 1, res, () => undefined)
  app.use(authenticate({ config, ...access, login, onFailure, onEnded }))
  app.use(rateLimit(access.limiter, budgetOf, events.record))

  app.use('/v1/jobs', allow('jobs', 'containers'), jobRoutes(deps, allow('jobs')))
  app.use(
    '/v1/batches',
    allow('jobs', 'containers'),
    batchRoutes(deps, allow('jobs'), spendMore(access.limiter, 'submit', events.record)),
  )
  app.use('/v1/webhook-secret', allow('jobs', 'containers'), webhookSecretRoutes(deps.webhooks))
  app.use('/v1/webhook-deliveries', allow('jobs', 'containers'), webhookDeliveryRoutes(deps.webhooks))
  app.use('/v1/webhook-test', allow('jobs', 'containers'), webhookTestRoutes(deps.webhooks))
  app.use('/v1/runtimes', runtimeRoutes(deps, 'runtimes'))
  app.use('/api/repl/execute', allow('jobs'), runNowRoutes(deps, underApi(intake.code)))
  app.use('/api/repl/languages', runtimeRoutes(deps, 'languages'))
  app.use('/api/containers/create', allow('containers'), runNowRoutes(deps, underApi(intake.container)))
  app.use('/v1/admin', allow('admin'))
  const audit = auditWith(events.record)
  app.use('/v1/admin/jobs', adminJobRoutes(deps, audit))
  app.use('/v1/admin/webhook-deliveries', adminWebhookRoutes(deps.webhooks, audit))
  app.use('/v1/admin', adminRuntimeRoutes(deps, audit))
  app.use('/v1/admin', adminOverviewRoutes({ ...deps.figures, overview: deps.overview }))
  app.use('/v1/admin/keys', adminKeyRoutes({ config, apiKeys: access.apiKeys, audit: events.record }))
  app.use('/v1/admin', adminSecurityRoutes({ events, blocks: deps.blocks }))
  app.use('/admin/queues', allow('admin'), queueBoardRoutes(deps.queueBoard))
  // Else they have a port of their own.
  if (config.metrics.port === undefined) {
    app.use('/metrics', config.auth === 'none' ? [] : allow('admin'), metricsRoutes(deps))
  }
  app.route('/').get(welcome).all(onlyMethods('GET'))

  app.use(noRoute)
  app.use(answerProblem(redis, log))
  return app
}

/** What runs something takes from the budget of submissions. */
function budgetOf(req: Request): Budget {
  return req.method === 'POST' && !req.path.startsWith('/v1/admin') ? 'submit' : 'read'
}

const welcome: express.RequestHandler = (_req, res) => {
  res.json({
    name: 'Runyard',
    submit: '/v1/jobs',
    runtimes: '/v1/runtimes',
    docs: '/docs',
    openapi: '/openapi.json',
    health: '/healthz',
    ready: '/readyz',
  })
}

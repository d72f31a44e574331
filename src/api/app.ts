import express, { type Express } from 'express'
import helmet from 'helmet'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { answerProblem, noRoute, onlyMethods } from './http/answer-problem.ts'
import { requestLog } from './http/request-log.ts'
import type { RouteDeps } from './routes/deps.ts'
import { healthRoutes } from './routes/health.ts'
import { jobRoutes } from './routes/jobs.ts'
import { runNowRoutes } from './routes/run-now.ts'
import { runtimeRoutes } from './routes/runtimes.ts'

/**
 * The gateway's middleware, in the order a request meets it:
 *
 *   request id and log > security headers > who is the caller > (rate limit) > route: body, schema, (screening), queue
 *
 * The two in parentheses have their place here and are not built yet: the rate limit goes after the caller is known and before a body
 * is read; screening goes into the intake, between a valid request and the queue.
 */
export function createApp(deps: RouteDeps, redis: Redis, log: Logger): Express {
  const { intake } = deps
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('query parser', 'simple')

  app.use(requestLog(log))
  app.use(helmet())
  app.use(healthRoutes(deps))
  app.use(localCaller)

  app.use('/v1/jobs', jobRoutes(deps))
  app.use('/v1/runtimes', runtimeRoutes(deps, 'runtimes'))
  app.use('/api/repl/execute', runNowRoutes(deps, intake.code))
  app.use('/api/repl/languages', runtimeRoutes(deps, 'languages'))
  app.use('/api/containers/create', runNowRoutes(deps, intake.container))
  app.route('/').get(welcome).all(onlyMethods('GET'))

  app.use(noRoute)
  app.use(answerProblem(redis, log))
  return app
}

const localCaller: express.RequestHandler = (req, res, next) => {
  res.locals.caller = {
    tenant: 'local',
    shareable: true,
    address: req.ip ?? '',
    keyId: null,
    scopes: ['jobs', 'containers'],
    rate: null,
    maxRunningJobs: null,
    ceilings: {},
    screening: 'off',
  }
  next()
}

const welcome: express.RequestHandler = (_req, res) => {
  res.json({ name: 'Runyard', submit: '/v1/jobs', runtimes: '/v1/runtimes', health: '/healthz', ready: '/readyz' })
}

import { Router } from 'express'
import Type, { type Static } from 'typebox'
import { Problem } from '../../shared/problems.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import { checkWorkers, knownRuntimes } from '../load/check-workers.ts'
import { queueFull } from '../load/queue-full.ts'
import { SMALLEST } from '../load/queue-standing.ts'
import type { RouteDeps } from '../routes/deps.ts'

/** Another one has taken its place by then, if any does. */
const RETRY_SECONDS = 5

export const Health = Type.Object({ status: Type.Literal('ok') })
type Health = Static<typeof Health>

export const Readiness = Type.Object({
  status: Type.Literal('ok'),
  redis: Type.Literal('ok'),
  workers: Type.Integer({ description: 'those that can run jobs; 0 while all restart, when jobs wait' }),
  queued: Type.Integer({ description: 'jobs that wait' }),
})
type Readiness = Static<typeof Readiness>

/**
 * `/healthz`: this process lives. `/readyz`: a submission would be accepted now; otherwise it answers as the submission
 * would.
 */
export function healthRoutes({ pingRedis, overview, queueStanding, config, closing }: RouteDeps): Router {
  const router = Router()
  router
    .route('/healthz')
    .get(noQuery, (_req, res) => void res.json({ status: 'ok' } satisfies Health))
    .all(onlyMethods('GET'))
  router
    .route('/readyz')
    .get(noQuery, async (_req, res) => {
      if (closing.aborted) throw closes()
      await pingRedis()
      const [seen, { queued, full }] = await Promise.all([overview(), queueStanding()])
      checkWorkers(seen)
      knownRuntimes(seen)
      if (full) throw queueFull(full, config.load, SMALLEST)
      const able = seen.workers.filter((worker) => worker.engine === 'up').length
      res.json({ status: 'ok', redis: 'ok', workers: able, queued } satisfies Readiness)
    })
    .all(onlyMethods('GET'))
  return router
}

const closes = () =>
  new Problem('unavailable', 'the gateway is closing', { headers: { 'Retry-After': String(RETRY_SECONDS) } })

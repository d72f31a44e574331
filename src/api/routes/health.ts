import { Router } from 'express'
import { Problem } from '../../shared/problems.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { checkWorkers } from '../load/check-workers.ts'
import type { RouteDeps } from './deps.ts'

/**
 * `/healthz`: this process lives. `/readyz`: a submission would be accepted now; otherwise it answers as the submission
 * would.
 */
export function healthRoutes({ pingRedis, overview, countQueued, config, closing }: RouteDeps): Router {
  const router = Router()
  router
    .route('/healthz')
    .get((_req, res) => void res.json({ status: 'ok' }))
    .all(onlyMethods('GET'))
  router
    .route('/readyz')
    .get(async (_req, res) => {
      if (closing.aborted) throw new Problem('unavailable', 'the gateway is closing')
      await pingRedis()
      const [seen, queued] = await Promise.all([overview(), countQueued()])
      checkWorkers(seen)
      const { maxQueuedJobs } = config.load
      if (queued >= maxQueuedJobs)
        throw new Problem('queue-full', `${queued} jobs are waiting, and ${maxQueuedJobs} may`)
      const able = seen.workers.filter((worker) => worker.engine === 'up').length
      res.json({ status: 'ok', redis: 'ok', workers: able, queued })
    })
    .all(onlyMethods('GET'))
  return router
}

import { Router } from 'express'
import { Problem } from '../../shared/problems.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import type { RouteDeps } from './deps.ts'

/** `/healthz`: this process lives. `/readyz`: it can serve, which takes a Redis that answers. */
export function healthRoutes({ pingRedis, registry, closing }: RouteDeps): Router {
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
      const workers = await registry.alive()
      res.json({ status: 'ok', redis: 'ok', workers: workers.length })
    })
    .all(onlyMethods('GET'))
  return router
}

import { Router } from 'express'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import type { RouteDeps } from '../routes/deps.ts'

/** `/metrics`, in the text format of Prometheus. */
export function metricsRoutes({ metrics }: Pick<RouteDeps, 'metrics'>): Router {
  const router = Router()
  router
    .route('/')
    .get(noQuery, async (_req, res) => {
      const text = await metrics.text()
      res.set('Content-Type', metrics.register.contentType).send(text)
    })
    .all(onlyMethods('GET'))
  return router
}

import { type Request, type RequestHandler, type Response, Router } from 'express'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import { cancelBatch } from './cancel-batch.ts'
import { submissionBody } from '../rate-limit/end-users.ts'
import { readBatch } from './read-batch.ts'
import { submitBatch } from './submit-batch.ts'
import type { RouteDeps } from '../routes/deps.ts'

/** `/v1/batches`: many jobs in one call. */
export function batchRoutes(
  deps: RouteDeps,
  maySubmit: RequestHandler,
  spendRest: (req: Request, res: Response, tokens: number) => Promise<void>,
): Router {
  const router = Router()
  router
    .route('/')
    .post(maySubmit, noQuery, submissionBody(deps), submitBatch(deps, spendRest))
    .all(onlyMethods('POST'))
  router.route('/:id').get(readBatch(deps)).delete(noQuery, cancelBatch(deps)).all(onlyMethods('GET', 'DELETE'))
  return router
}

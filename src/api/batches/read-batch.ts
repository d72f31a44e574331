import type { RequestHandler } from 'express'
import { SECOND } from '../../shared/limits.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { MAX_WAIT_SECONDS } from '../http/prefer.ts'
import { queryOf } from '../http/query.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { ReadJobQuery } from '../jobs/read-job.ts'
import { hasEnded, jobsOf, ownBatch, viewOf } from './own-batch.ts'
import { waitForBatch } from './wait-for-batch.ts'

const readQuery = queryOf(ReadJobQuery)

/** How far a batch is; with `wait` as soon as all of its jobs have ended, or when the time is over. */
export function readBatch(deps: RouteDeps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { wait = '0' } = readQuery(req)
    const batch = await ownBatch(deps, res, req.params.id)
    let now = viewOf(batch, await jobsOf(deps, batch))
    const waitSeconds = Math.min(Number(wait), MAX_WAIT_SECONDS)
    if (waitSeconds > 0 && !hasEnded(now)) {
      const signal = deps.open.hold(res)
      now = await whileKeyHolds(signal, waitForBatch(deps, batch, waitSeconds * SECOND, signal))
    }
    res.set('Cache-Control', 'private, no-cache').json(now)
  }
}

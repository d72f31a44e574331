import type { RequestHandler } from 'express'
import { whileKeyHolds } from '../http/open-responses.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { END_MS } from '../jobs/cancel-job.ts'
import { hasEnded, jobsOf, ownBatch } from './own-batch.ts'
import { waitForBatch } from './wait-for-batch.ts'

/**
 * Cancels every job of a batch that has not ended: 200 with the batch once all of them have, 202 when a worker does not end one
 * in time. Those that wait go first, so that none of them takes the place of one that is ended.
 */
export function cancelBatch(deps: RouteDeps): RequestHandler<{ id: string }> {
  const { cancel, open } = deps
  return async (req, res) => {
    const batch = await ownBatch(deps, res, req.params.id)
    const jobs = await jobsOf(deps, batch)
    for (const state of ['queued', 'running'] as const) {
      await Promise.all(jobs.filter((job) => job.state === state).map((job) => cancel(job, batch.tenant)))
    }
    // Whoever has too much open must still be able to end jobs.
    const signal = open.watch(res)
    const now = await whileKeyHolds(signal, waitForBatch(deps, batch, END_MS, signal))
    res.status(hasEnded(now) ? 200 : 202).json(now)
  }
}

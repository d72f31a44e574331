import type { RequestHandler } from 'express'
import type { Batch } from '../../../shared/batch.ts'
import type { State } from '../../../shared/job.ts'
import { Problem } from '../../../shared/problems.ts'
import type { RouteDeps } from '../deps.ts'

/**
 * How far a batch is: the number of its jobs in each state, and the jobs in their order, without output. Jobs whose results
 * have expired are no longer there.
 */
export function readBatch({ readBatch: read, records }: RouteDeps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const batch = await read(req.params.id)
    if (!batch || batch.tenant !== res.locals.caller.tenant) {
      throw new Problem('not-found', 'there is no such batch, or it has expired')
    }
    const found = await records.summaries(batch.jobIds)
    const jobs = batch.jobIds.flatMap((id) => found.get(id)?.job ?? [])
    const inState = (state: State) => jobs.filter((job) => job.state === state).length
    const answer: Batch = {
      id: batch.id,
      createdAt: batch.createdAt,
      counts: {
        queued: inState('queued'),
        running: inState('running'),
        finished: inState('finished'),
        cancelled: inState('cancelled'),
      },
      jobs,
    }
    res.set('Cache-Control', 'private, no-cache').json(answer)
  }
}

import type { RequestHandler } from 'express'
import { STATES } from '../../../shared/job.ts'
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
    const counts = Object.fromEntries(STATES.map((state) => [state, jobs.filter((job) => job.state === state).length]))
    const { id, createdAt } = batch
    res.set('Cache-Control', 'private, no-cache').json({ id, createdAt, counts, jobs })
  }
}

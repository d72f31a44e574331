import type { RequestHandler } from 'express'
import Type, { type Static } from 'typebox'
import { JobSummary, type State } from '../../../shared/job.ts'
import { Problem } from '../../../shared/problems.ts'
import type { RouteDeps } from '../deps.ts'

const count = Type.Integer({ minimum: 0 })

export const Batch = Type.Object({
  id: Type.String({ format: 'uuid' }),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  counts: Type.Object(
    { queued: count, running: count, finished: count, cancelled: count },
    { description: 'how many of its jobs are in each state' },
  ),
  jobs: Type.Array(JobSummary, { description: 'in their order, without output; those whose results have not expired' }),
})
export type Batch = Static<typeof Batch>

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

import Type, { type Static } from 'typebox'
import { JobSummary } from './job.ts'

export const AcceptedBatch = Type.Object({
  id: Type.String({ format: 'uuid' }),
  jobs: Type.Array(Type.String({ format: 'uuid' }), { description: 'the ids of its jobs, in order' }),
})
export type AcceptedBatch = Static<typeof AcceptedBatch>

const count = Type.Integer({ minimum: 0 })

/** How far a batch is. */
export const Batch = Type.Object({
  id: Type.String({ format: 'uuid' }),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  counts: Type.Object(
    { queued: count, running: count, finished: count, cancelled: count },
    { description: 'how many of its jobs are in each state' },
  ),
  jobs: Type.Array(JobSummary, { description: 'in order, without output; only jobs whose results have not expired' }),
})
export type Batch = Static<typeof Batch>

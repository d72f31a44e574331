import { Batch } from '../../shared/batch.ts'
import { SECOND } from '../../shared/limits.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { MAX_WAIT_SECONDS } from '../http/prefer.ts'
import { defineRoute } from '../http/route.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import { ReadJobQuery } from '../jobs/read-job.ts'
import { type BatchNeeds, hasEnded, jobsOf, ownBatch, viewOf } from './own-batch.ts'
import { finishedBatch } from './submit-batch.ts'
import { waitForBatch } from './wait-for-batch.ts'

export interface ReadBatchNeeds extends BatchNeeds {
  submission: JobSubmission
  open: OpenResponses
}

export const readBatch = defineRoute({
  method: 'get',
  path: '/v1/batches/:id',
  id: 'readBatch',
  tag: 'Batches',
  summary: 'Read a batch',
  description:
    'Returns the current state of the batch. With `wait`, it waits until all jobs have ended or the time is over.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.batch },
  query: ReadJobQuery,
  answers: {
    200: {
      description: 'The number of jobs in each state, and the jobs without their output.',
      schema: Batch,
      examples: { finished: { summary: 'All jobs have ended', value: finishedBatch } },
    },
  },
  cache: 'private, no-cache',
  problems: ['too-many-open'],
  async handle(needs: ReadBatchNeeds, { res, params, query, send }) {
    const batch = await ownBatch(needs, res, params.id)
    let now = viewOf(batch, await jobsOf(needs, batch))
    const waitSeconds = Math.min(Number(query.wait ?? '0'), MAX_WAIT_SECONDS)
    if (waitSeconds > 0 && !hasEnded(now)) {
      const signal = needs.open.admit(res)
      now = await whileKeyHolds(signal, waitForBatch(needs, batch, waitSeconds * SECOND, signal))
    }
    send(200, now)
  },
})

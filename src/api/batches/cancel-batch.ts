import { Batch } from '../../shared/batch.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { cancelledJob, summaryOf } from '../http/openapi/examples/results.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { END_MS } from '../jobs/cancel-job.ts'
import type { Cancel } from '../jobs/cancellation.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import { type BatchNeeds, hasEnded, jobsOf, ownBatch } from './own-batch.ts'
import { finishedBatch } from './submit-batch.ts'
import { waitForBatch } from './wait-for-batch.ts'

export interface CancelBatchNeeds extends BatchNeeds {
  submission: JobSubmission
  cancel: Cancel
  open: OpenResponses
}

const cancelled: Batch = {
  ...finishedBatch,
  counts: { queued: 0, running: 0, finished: 0, cancelled: 1 },
  jobs: [summaryOf(cancelledJob)],
}

/**
 * 200 with the batch once all of its jobs have ended, 202 when a worker does not end one in time. Those that wait go first, so that none
 * of them takes the place of one that is ended.
 */
export const cancelBatch = defineRoute({
  method: 'delete',
  path: '/v1/batches/:id',
  id: 'cancelBatch',
  tag: 'Batches',
  summary: 'Cancel the jobs of a batch',
  description: 'Cancels each job as `DELETE /v1/jobs/{id}` does. Jobs that have ended do not change.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.batch },
  answers: {
    200: {
      description: 'The batch; all jobs have ended.',
      schema: Batch,
      examples: { cancelled: { summary: 'Its one job was cancelled', value: cancelled } },
    },
    202: { description: 'Some jobs are still ending: their workers took longer than 5 s.', schema: Batch },
  },
  async handle(needs: CancelBatchNeeds, { res, params, send }) {
    const { cancel, open } = needs
    const batch = await ownBatch(needs, res, params.id)
    const jobs = await jobsOf(needs, batch)
    for (const state of ['queued', 'running'] as const) {
      await Promise.all(jobs.filter((job) => job.state === state).map((job) => cancel(job, batch.tenant)))
    }
    // Whoever has too much open must still be able to end jobs.
    const signal = open.watch(res)
    const now = await whileKeyHolds(signal, waitForBatch(needs, batch, END_MS, signal))
    send(hasEnded(now) ? 200 : 202, now)
  },
})

import { AcceptedBatch, Batch } from '../../../shared/batch.ts'
import { BatchRequest } from '../../routes/batches/submit-batch.ts'
import { BATCH_EXAMPLES } from '../examples/requests.ts'
import { BATCH_ID, finishedJob, JOB_ID, summaryOf } from '../examples/results.ts'
import type { Operation } from '../operation.ts'
import { PATH } from '../parameters.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../problems.ts'

const tag = 'Batches'

const accepted: AcceptedBatch = { id: BATCH_ID, jobs: [JOB_ID] }
const batch: Batch = {
  id: BATCH_ID,
  createdAt: '2027-01-31T12:00:00.000Z',
  counts: { queued: 0, running: 0, finished: 1, cancelled: 0 },
  jobs: [summaryOf(finishedJob)],
}

export const batchOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/batches',
    id: 'submitBatch',
    tag,
    summary: 'Submit many programs',
    description:
      'All are accepted or none: what is wrong with one is told with its place, e.g. `/jobs/3/limits/wallMs`. A batch costs ' +
      'as many submissions of your budget as it has jobs.',
    scopes: ['jobs'],
    headers: ['Idempotency-Key'],
    body: { schema: BatchRequest, examples: BATCH_EXAMPLES },
    answers: {
      202: {
        description: 'The ids of the batch and its jobs.',
        schema: AcceptedBatch,
        headers: ['Location', 'Idempotent-Replayed'],
        examples: { accepted: { summary: 'A batch of one job', value: accepted } },
      },
    },
    problems: [...SUBMISSION_PROBLEMS, ...CODE_PROBLEMS],
  },
  {
    method: 'get',
    path: '/v1/batches/{id}',
    id: 'readBatch',
    tag,
    summary: 'See how far a batch is',
    scopes: ['jobs', 'containers'],
    pathParameters: { id: PATH.batch },
    answers: {
      200: {
        description: 'How many of its jobs are where, and the jobs without their output.',
        schema: Batch,
        examples: { finished: { summary: 'All jobs have ended', value: batch } },
      },
    },
  },
]

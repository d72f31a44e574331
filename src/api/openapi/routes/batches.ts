import { AcceptedBatch, Batch } from '../../../shared/batch.ts'
import { BatchRequest } from '../../batches/submit-batch.ts'
import { ReadJobQuery } from '../../jobs/read-job.ts'
import { BATCH_EXAMPLES } from '../../http/openapi/examples/requests.ts'
import { BATCH_ID, cancelledJob, finishedJob, JOB_ID, summaryOf } from '../../http/openapi/examples/results.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../../http/openapi/problems.ts'

const tag = 'Batches'

const accepted: AcceptedBatch = { id: BATCH_ID, jobs: [JOB_ID] }
const batch: Batch = {
  id: BATCH_ID,
  createdAt: '2027-01-31T12:00:00.000Z',
  counts: { queued: 0, running: 0, finished: 1, cancelled: 0 },
  jobs: [summaryOf(finishedJob)],
}

const cancelled: Batch = {
  ...batch,
  counts: { queued: 0, running: 0, finished: 0, cancelled: 1 },
  jobs: [summaryOf(cancelledJob)],
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
      'as many submissions of your budget as it has jobs.\n\n' +
      'Answers 202 at once. With `Prefer: wait=N` it waits for the end of all jobs: 200 with the batch, or 202 when they did ' +
      'not end in time.',
    scopes: ['jobs'],
    headers: ['Prefer', 'Idempotency-Key'],
    body: { schema: BatchRequest, examples: BATCH_EXAMPLES },
    answers: {
      200: {
        description: 'The batch, whose jobs have all ended.',
        schema: Batch,
        headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
        examples: { finished: { summary: 'All jobs have ended', value: batch } },
      },
      202: {
        description: 'The ids of the batch and its jobs.',
        schema: AcceptedBatch,
        headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
        examples: { accepted: { summary: 'A batch of one job', value: accepted } },
      },
    },
    problems: [...SUBMISSION_PROBLEMS, ...CODE_PROBLEMS, 'too-many-open'],
  },
  {
    method: 'get',
    path: '/v1/batches/{id}',
    id: 'readBatch',
    tag,
    summary: 'See how far a batch is',
    description: 'The batch as it is, or with `wait` as it is when all of its jobs have ended or the time is over.',
    scopes: ['jobs', 'containers'],
    pathParameters: { id: PATH.batch },
    query: ReadJobQuery,
    answers: {
      200: {
        description: 'How many of its jobs are where, and the jobs without their output.',
        schema: Batch,
        examples: { finished: { summary: 'All jobs have ended', value: batch } },
      },
    },
    problems: ['too-many-open'],
  },
  {
    method: 'delete',
    path: '/v1/batches/{id}',
    id: 'cancelBatch',
    tag,
    summary: 'Cancel the jobs of a batch',
    description: 'Each as `DELETE /v1/jobs/{id}` does it. Jobs that have ended stay as they are.',
    scopes: ['jobs', 'containers'],
    pathParameters: { id: PATH.batch },
    answers: {
      200: {
        description: 'The batch, whose jobs have all ended.',
        schema: Batch,
        examples: { cancelled: { summary: 'Its one job was cancelled', value: cancelled } },
      },
      202: { description: 'Some are ending; their workers were not through with them within 5 s.', schema: Batch },
    },
  },
]

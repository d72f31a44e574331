import Type from 'typebox'
import { Job, type JobSummary } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { knows } from '../http/entity-tag.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { finishedJob, queuedJob, uncompiledJob } from '../http/openapi/examples/results.ts'
import { PATH } from '../http/parameters.ts'
import { MAX_WAIT_SECONDS } from '../http/prefer.ts'
import { defineRoute } from '../http/route.ts'
import type { JobSubmission } from './job-submission.ts'
import { ownJob } from './own-job.ts'
import { type LockNeeds, withLock } from './with-lock.ts'
import { type OutputNeeds, withOutput } from './with-output.ts'

export const ReadJobQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,9}$', description: 'whole seconds to wait for the end; at most 60 count' }),
    ),
  },
  { additionalProperties: false },
)

export interface ReadNeeds extends OutputNeeds, LockNeeds {
  submission: JobSubmission
  open: OpenResponses
}

export const readJob = defineRoute({
  method: 'get',
  path: '/v1/jobs/:id',
  id: 'readJob',
  tag: 'Jobs',
  summary: 'Read a job',
  description:
    'Returns the current state of the job. `wait` waits until it has ended or the time is over. An ended job stays for ' +
    '24 hours, unless the operator changes that. After that, and for jobs of others, the answer is 404.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job },
  query: ReadJobQuery,
  headers: ['If-None-Match'],
  answers: {
    200: {
      description: 'The job.',
      schema: Job,
      headers: ['ETag'],
      examples: {
        finished: { summary: 'An ended job', value: finishedJob },
        uncompiled: { summary: 'A program that does not compile', value: uncompiledJob },
        queued: { summary: 'A waiting job', value: queuedJob },
      },
    },
    304: { description: 'The job has not changed.', headers: ['ETag'] },
  },
  cache: 'private, no-cache',
  problems: ['too-many-open'],
  async handle(needs: ReadNeeds, { req, res, params, query, send }) {
    const { records, submission, open } = needs
    let job = await ownJob(records, res, params.id)
    const waitSeconds = Math.min(Number(query.wait ?? '0'), MAX_WAIT_SECONDS)
    if (job.status === null && waitSeconds > 0) {
      const signal = open.admit(res)
      const ended = await whileKeyHolds(signal, submission.waitForEnd(job.id, waitSeconds * SECOND, signal))
      job = ended ?? (await ownJob(records, res, job.id))
    }
    const tag = entityTag(job)
    if (knows(req.get('if-none-match'), tag)) {
      res.set('ETag', tag)
      return send(304)
    }
    const whole = await withLock(needs, await withOutput(needs, res, job))
    res.set('ETag', tag)
    send(200, whole)
  },
})

/** A job changes with its state and its attempts, and with nothing else. */
const entityTag = (job: JobSummary): string => `"${job.id}.${job.attempt}.${job.status ?? job.state}"`

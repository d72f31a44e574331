import { Job } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { queuedJob } from '../../shared/redis/record-fields.ts'
import { CodeRequest } from '../../shared/requests.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { JOB_EXAMPLES } from '../http/openapi/examples/requests.ts'
import { finishedJob, queuedJob as queuedExample, uncompiledJob } from '../http/openapi/examples/results.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../http/openapi/problems.ts'
import { preferredWait } from '../http/prefer.ts'
import { defineRoute } from '../http/route.ts'
import type { LimitEndUsers } from '../rate-limit/end-users.ts'
import type { JobSubmission } from './job-submission.ts'
import { ownJob } from './own-job.ts'
import type { JobRequestBuilder } from './request/job-request-builder.ts'
import { type LockNeeds, withLock } from './with-lock.ts'
import { type OutputNeeds, withOutput } from './with-output.ts'

/** What it takes to make jobs of requests. */
export interface SubmitNeeds extends OutputNeeds, LockNeeds {
  submission: JobSubmission
  requests: JobRequestBuilder
  limitEndUsers: LimitEndUsers
  open: OpenResponses
}

const PLACE = '/v1/jobs'

export const submitJob = defineRoute({
  method: 'post',
  path: '/v1/jobs',
  id: 'submitJob',
  tag: 'Jobs',
  summary: 'Submit a program',
  description:
    'Returns 202 at once. `Prefer: wait=N` waits for the end: 200 with the finished job, or 202 when the time was over ' +
    'first. A job continues when its client disconnects.\n\n' +
    'Send the program as `code`, or as `files` with an `entrypoint`.',
  scopes: ['jobs'],
  headers: ['Prefer', 'Idempotency-Key'],
  body: { schema: CodeRequest, examples: JOB_EXAMPLES, checkedBy: 'handler' },
  answers: {
    200: {
      description: 'The ended job.',
      schema: Job,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
      examples: {
        finished: { summary: 'An ended job', value: finishedJob },
        uncompiled: { summary: 'A program that does not compile', value: uncompiledJob },
      },
    },
    202: {
      description: 'The accepted job, which has not ended.',
      schema: Job,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
      examples: { queued: { summary: 'A waiting job', value: queuedExample } },
    },
  },
  problems: [...SUBMISSION_PROBLEMS, ...CODE_PROBLEMS, 'too-many-open', 'not-found'],
  async handle(needs: SubmitNeeds, request) {
    const { records, submission, requests, limitEndUsers, open } = needs
    const { req, res, body, caller, requestId, send } = request
    await limitEndUsers(request, 'job')
    const idempotency = idempotencyOf(req, PLACE)
    const spec = await requests.code(body, caller, requestId)
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    const waits = waitSeconds > 0
    const wait = () => {
      const signal = open.admit(res)
      return whileKeyHolds(signal, submission.submitAndWait(spec, idempotency, waitSeconds * SECOND, signal))
    }
    const accepted = waits ? await wait() : { ...(await submission.submit(spec, idempotency)), job: undefined }
    res.locals.jobId = accepted.id
    res.location(`/v1/jobs/${accepted.id}`)
    if (accepted.replayed) res.set('Idempotent-Replayed', 'true')
    if (waits) res.set('Preference-Applied', `wait=${waitSeconds}`)
    if (accepted.job) return send(200, await withLock(needs, await withOutput(needs, res, accepted.job)))
    // One that was just accepted is as it was written.
    const job = waits || accepted.replayed ? await ownJob(records, res, accepted.id) : queuedJob(spec.head)
    send(202, await withOutput(needs, res, job))
  },
})

import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { AcceptedBatch, Batch } from '../../shared/batch.ts'
import type { JobSpec } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { CodeRequest, MAX_BATCH_JOBS } from '../../shared/requests.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { BATCH_EXAMPLES } from '../http/openapi/examples/requests.ts'
import { BATCH_ID, finishedJob, JOB_ID, summaryOf } from '../http/openapi/examples/results.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../http/openapi/problems.ts'
import { preferredWait } from '../http/prefer.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute, type RouteRequest } from '../http/route.ts'
import { bodyValidator } from '../http/validate.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import type { LimitEndUsers } from '../rate-limit/end-users.ts'
import { type BatchNeeds, hasEnded } from './own-batch.ts'
import { waitForBatch } from './wait-for-batch.ts'
import { CLOSED } from '../../shared/schema.ts'

const bounds = { minItems: 1, maxItems: MAX_BATCH_JOBS, description: 'each a body of `POST /v1/jobs`' }
const BatchRequest = Type.Object({ jobs: Type.Array(CodeRequest, bounds) }, CLOSED)
/** Each job is checked by itself, for its place to stand in what is wrong with it. */
const batchRequest = bodyValidator(Type.Object({ jobs: Type.Array(Type.Unknown(), bounds) }, CLOSED))

const accepted: AcceptedBatch = { id: BATCH_ID, jobs: [JOB_ID] }
/** An example. */
export const finishedBatch: Batch = {
  id: BATCH_ID,
  createdAt: '2027-01-31T12:00:00.000Z',
  counts: { queued: 0, running: 0, finished: 1, cancelled: 0 },
  jobs: [summaryOf(finishedJob)],
}

export interface SubmitBatchNeeds extends BatchNeeds {
  submission: JobSubmission
  requests: JobRequestBuilder
  limitEndUsers: LimitEndUsers
  open: OpenResponses
  /** Takes from the caller's rate what the jobs beyond the first cost. */
  spendRest: (request: RouteRequest, tokens: number) => Promise<void>
}

/** All are accepted or none: one that cannot be used refuses the batch, with a pointer that begins with its place. */
export const submitBatch = defineRoute({
  method: 'post',
  path: '/v1/batches',
  id: 'submitBatch',
  tag: 'Batches',
  summary: 'Submit many programs',
  description:
    'Accepts all jobs or none. An error names the place, e.g. `/jobs/3/limits/wallMs`. Each job counts as one submission ' +
    'of your budget.\n\n' +
    'Returns 202 at once. `Prefer: wait=N` waits for the end of all jobs: 200 with the batch, or 202 when the time was ' +
    'over first.',
  scopes: ['jobs'],
  headers: ['Prefer', 'Idempotency-Key'],
  body: { schema: BatchRequest, examples: BATCH_EXAMPLES, checkedBy: 'handler' },
  answers: {
    200: {
      description: 'The batch; all jobs have ended.',
      schema: Batch,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
      examples: { finished: { summary: 'All jobs have ended', value: finishedBatch } },
    },
    202: {
      description: 'The ids of the batch and of its jobs.',
      schema: AcceptedBatch,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
      examples: { accepted: { summary: 'A batch of one job', value: accepted } },
    },
  },
  problems: [...SUBMISSION_PROBLEMS, ...CODE_PROBLEMS, 'too-many-open'],
  schemas: { BatchRequest },
  async handle(needs: SubmitBatchNeeds, request) {
    const { submission, open, limitEndUsers, spendRest } = needs
    const { req, res, body, caller, send } = request
    await limitEndUsers(request, 'batch')
    const idempotency = idempotencyOf(req, '/v1/batches')
    const bodies = batchRequest(body).jobs
    if (bodies.length > 1) await spendRest(request, bodies.length - 1)
    const specs = await jobsIn(bodies, needs.requests, request)
    const jobIds = specs.map(({ head }) => head.id)
    const made = { id: uuid(), tenant: caller.tenant, createdAt: new Date().toISOString(), jobIds }
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    // Before anything is accepted: there may be no room for one more that waits.
    const signal = waitSeconds > 0 ? open.admit(res) : undefined
    const { batch, replayed } = await submission.submitBatch(specs, made, idempotency)
    res.location(`/v1/batches/${batch.id}`)
    if (replayed) res.set('Idempotent-Replayed', 'true')
    if (signal) {
      res.set('Preference-Applied', `wait=${waitSeconds}`)
      const now = await whileKeyHolds(signal, waitForBatch(needs, batch, waitSeconds * SECOND, signal))
      if (hasEnded(now)) return send(200, now)
    }
    send(202, { id: batch.id, jobs: batch.jobIds })
  },
})

/** The jobs of a batch. @throws Problem with the mistakes of all that cannot be used */
async function jobsIn(
  bodies: readonly unknown[],
  requests: JobRequestBuilder,
  { caller, requestId }: Pick<RouteRequest, 'caller' | 'requestId'>,
): Promise<JobSpec[]> {
  const specs: JobSpec[] = []
  const refused: Problem[] = []
  for (const [index, body] of bodies.entries()) {
    try {
      specs.push(await requests.code(body, caller, requestId))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refused.push(within(`/jobs/${index}`, error))
      // The mistakes in the others are told with it; what screening refuses is refused once.
      if (error.status !== 422) throw refused.at(-1)
    }
  }
  if (refused.length > 0) throw together(refused)
  return specs
}

/** The first of these problems, with the mistakes of all. */
function together(problems: readonly Problem[]): Problem {
  const [first = new Problem('invalid-request', '')] = problems
  const all = invalidRequest(problems.flatMap(({ errors = [] }) => errors))
  return new Problem(first.code, all.message, { errors: all.errors ?? [] })
}

/** The same problem, its pointers beginning with this place. */
function within(place: string, problem: Problem): Problem {
  const move = <T extends { pointer: string }>(one: T) => ({ ...one, pointer: `${place}${one.pointer}` })
  const { violations } = problem.extra
  return new Problem(problem.code, `${place}: ${problem.message}`, {
    ...(problem.errors && { errors: problem.errors.map(move) }),
    extra: { ...problem.extra, ...(violations && { violations: violations.map(move) }) },
    headers: problem.headers,
    cause: problem.cause,
  })
}

import type { Request, RequestHandler, Response } from 'express'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import type { AcceptedBatch } from '../../shared/batch.ts'
import type { JobSpec } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import { CodeRequest, MAX_BATCH_JOBS } from '../../shared/requests.ts'
import { SECOND } from '../../shared/limits.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { preferredWait } from '../http/prefer.ts'
import { requestIdOf } from '../http/request-log.ts'
import { bodyValidator } from '../http/validate.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { hasEnded } from './own-batch.ts'
import { waitForBatch } from './wait-for-batch.ts'

const bounds = { minItems: 1, maxItems: MAX_BATCH_JOBS, description: 'each a body of `POST /v1/jobs`' }
const closed = { additionalProperties: false }

export const BatchRequest = Type.Object({ jobs: Type.Array(CodeRequest, bounds) }, closed)
/** Each job is checked by itself, for its place to stand in what is wrong with it. */
const batchRequest = bodyValidator(Type.Object({ jobs: Type.Array(Type.Unknown(), bounds) }, closed))

/**
 * 202 with the batch's id and those of its jobs, in their order; 200 with the batch when the client prefers to wait and all of
 * its jobs end in time. All are accepted or none: one that cannot be used refuses the batch, with a pointer that begins with its
 * place.
 * @param spendRest takes from the caller's rate what the jobs beyond the first cost
 */
export function submitBatch(
  deps: RouteDeps,
  spendRest: (req: Request, res: Response, tokens: number) => Promise<void>,
): RequestHandler {
  const { intake, submission, open } = deps
  return async (req, res) => {
    const { caller } = res.locals
    const idempotency = idempotencyOf(req)
    const requests = batchRequest(req.body).jobs
    if (requests.length > 1) await spendRest(req, res, requests.length - 1)
    const specs: JobSpec[] = []
    const refused: Problem[] = []
    for (const [index, request] of requests.entries()) {
      try {
        specs.push(await intake.code(request, caller, requestIdOf(req)))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        refused.push(within(`/jobs/${index}`, error))
        // The mistakes in the others are told with it; what screening refuses is refused once.
        if (error.status !== 422) throw refused.at(-1)
      }
    }
    if (refused.length > 0) throw together(refused)
    const jobIds = specs.map(({ head }) => head.id)
    const made = { id: uuid(), tenant: caller.tenant, createdAt: new Date().toISOString(), jobIds }
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    // Before anything is accepted: there may be no room for one more that waits.
    const signal = waitSeconds > 0 ? open.hold(res) : undefined
    const { batch, replayed } = await submission.submitBatch(specs, made, idempotency)
    res.location(`/v1/batches/${batch.id}`)
    if (replayed) res.set('Idempotent-Replayed', 'true')
    if (signal) {
      res.set('Preference-Applied', `wait=${waitSeconds}`)
      const now = await whileKeyHolds(signal, waitForBatch(deps, batch, waitSeconds * SECOND, signal))
      if (hasEnded(now)) return void res.status(200).json(now)
    }
    const answer: AcceptedBatch = { id: batch.id, jobs: batch.jobIds }
    res.status(202).json(answer)
  }
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

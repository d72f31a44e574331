import type { Request, RequestHandler, Response } from 'express'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import type { AcceptedBatch } from '../../../shared/batch.ts'
import type { JobSpec } from '../../../shared/job.ts'
import { Problem } from '../../../shared/problems.ts'
import { CodeRequest } from '../../../shared/requests.ts'
import { idempotencyOf } from '../../http/idempotency.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { bodyValidator } from '../../intake/validate.ts'
import type { RouteDeps } from '../deps.ts'

export const MAX_BATCH_JOBS = 100

const bounds = { minItems: 1, maxItems: MAX_BATCH_JOBS, description: 'each a body of `POST /v1/jobs`' }
const closed = { additionalProperties: false }

export const BatchRequest = Type.Object({ jobs: Type.Array(CodeRequest, bounds) }, closed)
/** Each job is checked by itself, for its place to stand in what is wrong with it. */
const batchRequest = bodyValidator(Type.Object({ jobs: Type.Array(Type.Unknown(), bounds) }, closed))

/**
 * 202 with the batch's id and those of its jobs, in their order. All are accepted or none: one that cannot be used refuses
 * the batch, with a pointer that begins with its place.
 * @param spendRest takes from the caller's rate what the jobs beyond the first cost
 */
export function submitBatch(
  { intake, submission }: RouteDeps,
  spendRest: (req: Request, res: Response, tokens: number) => Promise<void>,
): RequestHandler {
  return async (req, res) => {
    const { caller } = res.locals
    const idempotency = idempotencyOf(req)
    const requests = batchRequest(req.body).jobs
    if (requests.length > 1) await spendRest(req, res, requests.length - 1)
    const specs: JobSpec[] = []
    for (const [index, request] of requests.entries()) {
      specs.push(await intake.code(request, caller, requestIdOf(req)).catch((error: unknown) => {
        throw error instanceof Problem ? within(`/jobs/${index}`, error) : error
      })) // prettier-ignore
    }
    const jobIds = specs.map(({ head }) => head.id)
    const made = { id: uuid(), tenant: caller.tenant, createdAt: new Date().toISOString(), jobIds }
    const { batch, replayed } = await submission.submitBatch(specs, made, idempotency)
    if (replayed) res.set('Idempotent-Replayed', 'true')
    const answer: AcceptedBatch = { id: batch.id, jobs: batch.jobIds }
    res.status(202).location(`/v1/batches/${batch.id}`).json(answer)
  }
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

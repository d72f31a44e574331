import type { Request, RequestHandler, Response } from 'express'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import type { JobSpec } from '../../../shared/job.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Batch } from '../../../shared/redis/batch-record.ts'
import { idempotencyMismatch, idempotencyOf } from '../../http/idempotency.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { bodyValidator } from '../../intake/validate.ts'
import type { RouteDeps } from '../deps.ts'

export const MAX_BATCH_JOBS = 100

export const BatchRequest = Type.Object(
  {
    jobs: Type.Array(Type.Unknown(), {
      minItems: 1,
      maxItems: MAX_BATCH_JOBS,
      description: 'each a body of `POST /v1/jobs`',
    }),
  },
  { additionalProperties: false },
)
const batchRequest = bodyValidator(BatchRequest)

/**
 * 202 with the batch's id and those of its jobs, in their order. All are accepted or none: one that cannot be used refuses
 * the batch, with a pointer that begins with its place.
 * @param spendRest takes from the caller's rate what the jobs beyond the first cost
 */
export function submitBatch(
  { intake, submission, batches, cancel, records }: RouteDeps,
  spendRest: (req: Request, res: Response, tokens: number) => Promise<void>,
): RequestHandler {
  /** Takes back those that were accepted before one was refused. */
  const takeBack = async (specs: readonly JobSpec[], tenant: string) => {
    for (const { head } of specs) {
      const record = await records.read(head.id)
      if (record) await cancel(record.job, tenant)
    }
  }
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
    const batch = { id: uuid(), tenant: caller.tenant, createdAt: new Date().toISOString(), jobIds, complete: false }
    const known = await batches.store(batch, idempotency)
    if (known) return answerKnown(res, known, specs)
    for (const [index, spec] of specs.entries()) {
      try {
        await submission.submit(spec, undefined)
      } catch (error) {
        await Promise.allSettled([takeBack(specs.slice(0, index), caller.tenant), batches.remove(batch, idempotency)])
        throw error
      }
    }
    await batches.complete(batch)
    answer(res, batch)
  }

  async function answerKnown(
    res: Response,
    { id, fingerprint }: { id: string; fingerprint: string },
    specs: readonly JobSpec[],
  ): Promise<void> {
    if (fingerprint !== idempotencyOf(res.req)?.fingerprint) throw idempotencyMismatch(`the batch ${id}`)
    const batch = await batches.read(id)
    if (!batch) throw new Problem('unavailable', 'the first request with this Idempotency-Key is still being worked on')
    if (!batch.complete) {
      // Those that are there already stay as they are.
      for (const [index, jobId] of batch.jobIds.entries()) {
        const spec = specs[index]
        if (spec) await submission.submit({ ...spec, head: { ...spec.head, id: jobId } }, undefined)
      }
      await batches.complete(batch)
    }
    answer(res.set('Idempotent-Replayed', 'true'), batch)
  }
}

function answer(res: Response, { id, jobIds }: Batch): void {
  res.status(202).location(`/v1/batches/${id}`).json({ id, jobs: jobIds })
}

/** The same problem, its pointers beginning with this place. */
function within(place: string, problem: Problem): Problem {
  const move = ({ pointer, ...rest }: { pointer: string }) => ({ ...rest, pointer: `${place}${pointer}` })
  const { violations } = problem.extra as { violations?: { pointer: string }[] }
  return new Problem(problem.code, `${place}: ${problem.message}`, {
    ...(problem.errors && {
      errors: problem.errors.map((error) => ({ ...error, pointer: `${place}${error.pointer}` })),
    }),
    extra: { ...problem.extra, ...(violations && { violations: violations.map(move) }) },
    headers: problem.headers,
    cause: problem.cause,
  })
}

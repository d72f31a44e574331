import type { Request, RequestHandler } from 'express'
import type { RateLimiter } from './rate-limiter.ts'
import { Problem } from '../../shared/problems.ts'
import { MAX_BATCH_JOBS } from '../../shared/requests.ts'
import { endUserSubject, isEndUser } from '../../shared/security/event-subject.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import { jsonBody } from '../http/body.ts'
import { requestIdOf } from '../http/request-log.ts'
import { spend } from './rate-limit.ts'

export interface SubmissionDeps {
  config: { http: { maxBodyBytes: number } }
  access: { limiter: RateLimiter }
  events: { record: (event: SecurityEvent) => Promise<void> }
}

/** Reads what is submitted, and holds its end users to their own rates and blocks. */
export const submissionBody = (deps: SubmissionDeps): RequestHandler[] => [
  jsonBody(deps.config.http.maxBodyBytes),
  limitEndUsers(deps),
]

/**
 * Takes from the bucket of each end user that a submission names what its jobs cost, and gives everybody theirs back when one
 * of them is refused: a flood of one user takes nothing from the others of its key. What names nobody, or nobody that can
 * be, goes on. Errors go on as Problem: `rate-limited`, `caller-blocked`.
 */
function limitEndUsers({ access: { limiter }, events }: SubmissionDeps): RequestHandler {
  return async (req, res, next) => {
    const { caller } = res.locals
    const { address, keyId, tenant } = caller
    const taken: (() => Promise<void>)[] = [() => limiter.giveBack(caller, 'submit', 1)]
    for (const { endUser, pointer, jobs } of namedIn(req)) {
      const subject = endUserSubject(tenant, endUser)
      if (subject === undefined) continue
      const user = { ...caller, endUser: subject }
      const origin = { address, keyId, tenant, endUser, requestId: requestIdOf(req), jobId: null }
      try {
        await spend(limiter, user, 'submit', jobs, undefined, (detail) => {
          void events.record({ kind: 'rate-limited', ...origin, detail })
        })
      } catch (error) {
        await Promise.all(taken.map((giveBack) => giveBack()))
        throw error instanceof Problem ? at(pointer, error) : error
      }
      taken.push(() => limiter.giveBack(user, 'submit', jobs))
    }
    next()
  }
}

/** Those of one job or of a batch, each once: with the place that names it first, and how many jobs are for it. */
function namedIn(req: Request): { endUser: string; pointer: string; jobs: number }[] {
  const body: unknown = req.body
  const named = new Map<string, { endUser: string; pointer: string; jobs: number }>()
  const add = (one: unknown, place: string) => {
    const endUser: unknown =
      typeof one === 'object' && one !== null ? (one as { endUser?: unknown }).endUser : undefined
    if (!isEndUser(endUser)) return
    const known = named.get(endUser) ?? { endUser, pointer: `${place}/endUser`, jobs: 0 }
    known.jobs++
    named.set(endUser, known)
  }
  add(body, '')
  // Only a batch has jobs, and one of too many is refused.
  if (req.baseUrl !== '/v1/batches') return [...named.values()]
  const jobs: unknown = typeof body === 'object' && body !== null ? (body as { jobs?: unknown }).jobs : undefined
  if (Array.isArray(jobs) && jobs.length <= MAX_BATCH_JOBS)
    for (const [index, job] of jobs.entries()) add(job, `/jobs/${index}`)
  return [...named.values()]
}

const at = (pointer: string, { code, message, extra, headers }: Problem): Problem =>
  new Problem(code, message, { extra, headers, errors: [{ pointer, detail: message }] })

import { Problem } from '../../shared/problems.ts'
import { MAX_BATCH_JOBS } from '../../shared/requests.ts'
import { endUserSubject, isEndUser } from '../../shared/security/event-subject.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { RouteRequest } from '../http/route.ts'
import { spend } from './rate-limit.ts'
import type { RateLimiter } from './rate-limiter.ts'

/**
 * Holds the end users that a submission names to their own rates and blocks.
 * @param of what its body is
 * @throws Problem `rate-limited`, `caller-blocked`
 */
export type LimitEndUsers = (
  request: Pick<RouteRequest, 'body' | 'caller' | 'requestId'>,
  of: 'job' | 'batch',
) => Promise<void>

/**
 * Takes from the bucket of each end user that a submission names what its jobs cost, and gives everybody theirs back when one
 * of them is refused: a flood of one user takes nothing from the others of its key. What names nobody, or nobody that can
 * be, goes on.
 * @param record takes the event of a refusal
 */
export function limitEndUsers(limiter: RateLimiter, record: (event: SecurityEvent) => unknown): LimitEndUsers {
  return async ({ body, caller, requestId }, of) => {
    const { address, keyId, tenant } = caller
    const taken: (() => Promise<void>)[] = [() => limiter.refund(caller, 'submit', 1)]
    for (const { endUser, pointer, jobs } of namedIn(body, of)) {
      const subject = endUserSubject(tenant, endUser)
      if (subject === undefined) continue
      const user = { ...caller, endUser: subject }
      const origin = { address, keyId, tenant, endUser, requestId, jobId: null }
      try {
        await spend(limiter, user, 'submit', jobs, undefined, (detail) => {
          record({ kind: 'rate-limited', ...origin, detail })
        })
      } catch (error) {
        await Promise.all(taken.map((refund) => refund()))
        throw error instanceof Problem ? at(pointer, error) : error
      }
      taken.push(() => limiter.refund(user, 'submit', jobs))
    }
  }
}

/** Those of one job or of a batch, each once: with the place that names it first, and how many jobs are for it. */
function namedIn(body: unknown, of: 'job' | 'batch'): { endUser: string; pointer: string; jobs: number }[] {
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
  if (of === 'job') return [...named.values()]
  const jobs: unknown = typeof body === 'object' && body !== null ? (body as { jobs?: unknown }).jobs : undefined
  // One of too many is refused.
  if (Array.isArray(jobs) && jobs.length <= MAX_BATCH_JOBS)
    for (const [index, job] of jobs.entries()) add(job, `/jobs/${index}`)
  return [...named.values()]
}

const at = (pointer: string, { code, message, extra, headers }: Problem): Problem =>
  new Problem(code, message, { extra, headers, errors: [{ pointer, detail: message }] })

import { createHash } from 'node:crypto'
import type { Request } from 'express'
import { Problem } from '../../shared/problems.ts'
import type { Idempotency } from '../../shared/jobs/job-admission.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url')

/**
 * What the `Idempotency-Key` header says (draft-ietf-httpapi-idempotency-key-header). Requests count as the same when they go
 * to the same place with the same body, white space and the order of names aside.
 * @param place path of the route; routes that make the same of a body share one
 * @returns undefined without the header
 * @throws Problem `invalid-header`
 */
export function idempotencyOf(req: Request, place: string): Idempotency | undefined {
  return idempotencyFor(req)?.(`${place} ${JSON.stringify(req.body, sorted)}`)
}

/**
 * The same where a request's content is not in its body's JSON.
 * @returns a function of all that the request says; undefined without the header
 * @throws Problem `invalid-header`
 */
export function idempotencyFor(req: Request): ((request: string) => Idempotency) | undefined {
  const key = req.get('idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem('invalid-header', 'Idempotency-Key must be 1 to 255 visible ASCII characters')
  }
  return (request) => ({ hash: hash(key), fingerprint: hash(request) })
}

/** For JSON.stringify: objects with their names in order. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** @param what the key was used for before, e.g. `the job ID` */
export function idempotencyMismatch(what: string): Problem {
  return new Problem(
    'idempotency-mismatch',
    `the Idempotency-Key was already used for another request, which created ${what}`,
  )
}

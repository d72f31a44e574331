import { type FieldError, Problem } from '../../shared/problems.ts'

/** A request may be one long list of mistakes; the client learns of the first. */
const MAX_ERRORS = 64

/** The problem that names these fields, the first 64 of them. */
export function invalidRequest(errors: FieldError[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const detail = first ? `${first.pointer || 'the body'} ${first.detail}${more}` : 'the body is not as it must be'
  return new Problem('invalid-request', detail, { errors: errors.slice(0, MAX_ERRORS) })
}

/** The answer to a request without a valid key (RFC 6750). */
export function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="runyard"' } })
}

/** The same problem, its pointers as `place` has them. */
export function problemAt(place: (pointer: string) => string, problem: Problem): Problem {
  const { code, message, errors, extra, headers, cause } = problem
  const moved = errors?.map(({ pointer, detail }) => ({ pointer: place(pointer), detail }))
  return new Problem(code, message, { extra, headers, cause, ...(moved && { errors: moved }) })
}

/** The same problem, its pointers beginning with this place. */
export function problemWithin(place: string, problem: Problem): Problem {
  const move = <T extends { pointer: string }>(one: T) => ({ ...one, pointer: `${place}${one.pointer}` })
  const { violations } = problem.extra
  return new Problem(problem.code, `${place}: ${problem.message}`, {
    ...(problem.errors && { errors: problem.errors.map(move) }),
    extra: { ...problem.extra, ...(violations && { violations: violations.map(move) }) },
    headers: problem.headers,
    cause: problem.cause,
  })
}

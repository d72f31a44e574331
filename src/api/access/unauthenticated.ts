import { Problem } from '../../shared/problems.ts'

/** The answer to a request without a valid key (RFC 6750). */
export function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="runyard"' } })
}

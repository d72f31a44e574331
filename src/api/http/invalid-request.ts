import { type FieldError, Problem } from '../../shared/problems.ts'

/** The problem that names these fields. */
export function invalidRequest(errors: FieldError[]): Problem {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const detail = first ? `${first.pointer || 'the body'} ${first.detail}${more}` : 'the body is not as it must be'
  return new Problem('invalid-request', detail, { errors })
}

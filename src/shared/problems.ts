import Type, { type Static } from 'typebox'
import { RunResult } from './run-result.ts'
import { Finding } from './security/finding.ts'

/**
 * Every error a client can get: its stable code, HTTP status and title. docs/errors.md lists the same, and a test holds the two
 * together.
 */
export const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request is not valid HTTP' },
  'invalid-json': { status: 400, title: 'The body is not JSON' },
  'invalid-header': { status: 400, title: 'A header has an invalid value' },
  unauthenticated: { status: 401, title: 'The request needs a valid key' },
  'insufficient-scope': { status: 403, title: 'The key lacks the required scope' },
  'submission-blocked': { status: 403, title: 'Screening refused the submission' },
  'cross-site': { status: 403, title: 'The request comes from a page of another origin' },
  'caller-blocked': { status: 403, title: 'The caller is blocked' },
  'not-found': { status: 404, title: 'Nothing exists at this address' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'time-limit': { status: 408, title: 'The program reached its time limit' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'no-kernel': { status: 409, title: 'The session has no kernel' },
  'context-dead': { status: 409, title: 'The context has no kernel any more' },
  'file-conflict': { status: 409, title: 'The file cannot be used so' },
  'not-waiting': { status: 409, title: 'What runs takes no input now' },
  'already-ended': { status: 409, title: 'What ran has ended' },
  'runtime-busy': { status: 409, title: 'The language is being installed or removed' },
  'nothing-to-run': { status: 409, title: 'The request of the job was not kept' },
  'session-ended': { status: 410, title: 'The session has ended' },
  'session-lost': { status: 410, title: 'The session was lost' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'The type or encoding of the body is not supported' },
  'range-not-satisfiable': { status: 416, title: 'The range lies beyond the end of the file' },
  'wrong-host': { status: 421, title: 'The request names another host' },
  'invalid-request': { status: 422, title: 'The request has invalid fields' },
  'idempotency-mismatch': { status: 422, title: 'The Idempotency-Key was used with another request' },
  'unknown-language': { status: 422, title: 'The language is unknown' },
  'language-not-installed': { status: 422, title: 'The language is not installed' },
  'image-not-allowed': { status: 422, title: 'The image is not allowed' },
  'package-not-allowed': { status: 422, title: 'The package is not allowed' },
  'package-too-new': { status: 422, title: 'The package is too new' },
  'package-needs-build': { status: 422, title: 'The package would have to be built' },
  'package-unknown': { status: 422, title: 'The package is unknown' },
  'environment-too-large': { status: 422, title: 'The packages are too large' },
  'environment-failed': { status: 422, title: 'The packages cannot be installed' },
  'upgrade-required': { status: 426, title: 'This address expects a WebSocket' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'too-many-open': { status: 429, title: 'Too many streams, waiting or large requests' },
  'too-many-sessions': { status: 429, title: 'You have as many sessions as you may' },
  'too-many-tokens': { status: 429, title: 'You have as many browser tokens as you may' },
  'session-busy': { status: 429, title: 'The session has no room for more' },
  'tenant-queue-full': { status: 429, title: 'Too many of your jobs are waiting' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'The service failed' },
  unavailable: { status: 503, title: 'The service is temporarily unavailable' },
  'queue-full': { status: 503, title: 'Too many jobs are waiting' },
  'sessions-full': { status: 503, title: 'No worker has room for another session' },
  'engine-unavailable': { status: 503, title: 'No worker can run jobs now' },
  'environments-full': { status: 503, title: 'A worker has no room for the packages' },
  'storage-full': { status: 503, title: 'The file store has no room' },
  'wait-timeout': { status: 504, title: 'The job did not end while you waited' },
  'storage-quota': { status: 507, title: 'Your files have as much as they may' },
} as const

export type ProblemCode = keyof typeof PROBLEMS

export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[]
export const ProblemCode = Type.Enum(PROBLEM_CODES)

/** What is wrong with one field. */
export const FieldError = Type.Object({
  pointer: Type.String({ description: 'JSON pointer to the field, e.g. `/limits/wallMs`' }),
  detail: Type.String({ description: 'what is wrong, and what is allowed' }),
})
export type FieldError = Static<typeof FieldError>

/** What some problems tell beside the members of RFC 9457. */
const extra = {
  violations: Type.Optional(Type.Array(Finding, { description: '`submission-blocked`: the findings of screening' })),
  until: Type.Optional(
    Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: '`caller-blocked`: the end of the block; `null`: until the operator lifts it',
    }),
  ),
  result: Type.Optional(RunResult),
  id: Type.Optional(Type.String({ format: 'uuid', description: '`wait-timeout`: the id of the job, which continues' })),
}
const Extra = Type.Object(extra)
type Extra = Static<typeof Extra>

/** An error as it is sent: `application/problem+json`, RFC 9457. */
export const ProblemBody = Type.Object({
  type: Type.String({ description: '`urn:runyard:problem:` and the code' }),
  title: Type.String(),
  status: Type.Integer({ description: 'the HTTP status' }),
  code: Type.Enum(PROBLEM_CODES, { description: 'stable: programs may rely on it' }),
  detail: Type.String({ description: 'for people; may change' }),
  errors: Type.Optional(Type.Array(FieldError, { description: 'the first 64 invalid fields' })),
  ...extra,
})
export type ProblemBody = Static<typeof ProblemBody>

/** An answer that is not a success, on its way to the client. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly errors: FieldError[] | undefined
  /** Members of the answer beside those of RFC 9457. */
  readonly extra: Extra
  readonly headers: Record<string, string>
  /** Whether nothing failed, whatever the status: the caller asks for more than there is room for now. */
  readonly isRefusal: boolean

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      errors?: FieldError[]
      extra?: Extra
      headers?: Record<string, string>
      isRefusal?: boolean
      cause?: unknown
    } = {},
  ) {
    super(detail, { cause: options.cause })
    this.code = code
    this.errors = options.errors
    this.extra = options.extra ?? {}
    this.headers = options.headers ?? {}
    this.isRefusal = options.isRefusal ?? false
  }

  get status(): number {
    return PROBLEMS[this.code].status
  }

  /** The body, as RFC 9457 has it. */
  toJSON(): ProblemBody {
    return {
      type: `urn:runyard:problem:${this.code}`,
      title: PROBLEMS[this.code].title,
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
      ...this.extra,
    }
  }
}

/** Headers of a problem that ends by itself, nobody knows when: something takes its place, comes back, or ends. */
export const RETRY_SOON = { 'Retry-After': '5' } as const

/** Redis does not answer. */
export function queueUnavailable(cause?: unknown): Problem {
  return new Problem('unavailable', 'the queue cannot be reached; try again shortly', {
    headers: { 'Retry-After': '2' },
    cause,
  })
}

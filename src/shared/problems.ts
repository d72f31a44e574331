/**
 * Every error a client can get: its stable code, HTTP status and title. docs/errors.md lists the same, and a test holds the two
 * together.
 */
export const PROBLEMS = {
  'invalid-json': { status: 400, title: 'The body is not JSON' },
  'invalid-header': { status: 400, title: 'A header has a value that cannot be used' },
  unauthenticated: { status: 401, title: 'The request needs a valid key' },
  'insufficient-scope': { status: 403, title: 'The key does not open this' },
  'submission-blocked': { status: 403, title: 'The submission was refused by screening' },
  'caller-blocked': { status: 403, title: 'The caller is blocked' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This method cannot be used here' },
  'time-limit': { status: 408, title: 'The program was ended at its time limit' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has a type or encoding that is not read here' },
  'wrong-host': { status: 421, title: 'The request is meant for another host' },
  'invalid-request': { status: 422, title: 'The request has fields that cannot be used' },
  'idempotency-mismatch': { status: 422, title: 'The Idempotency-Key was used with another request' },
  'unknown-language': { status: 422, title: 'There is no such language' },
  'language-not-installed': { status: 422, title: 'The language is not installed' },
  'image-not-allowed': { status: 422, title: 'The image is not allowed' },
  'upgrade-required': { status: 426, title: 'This is a WebSocket' },
  'rate-limited': { status: 429, title: 'There were too many requests' },
  'too-many-open': { status: 429, title: 'Too many of your responses are held open' },
  'tenant-queue-full': { status: 429, title: 'Too many of your jobs are waiting' },
  'internal-error': { status: 500, title: 'The service failed' },
  unavailable: { status: 503, title: 'The service cannot do this now' },
  'queue-full': { status: 503, title: 'Too many jobs are waiting' },
  'engine-unavailable': { status: 503, title: 'No worker can run jobs now' },
  'wait-timeout': { status: 504, title: 'The job did not end while you waited' },
} as const

export type ProblemCode = keyof typeof PROBLEMS

/** What is wrong with one field: a JSON pointer to it, and a sentence. */
export interface FieldError {
  pointer: string
  detail: string
}

/** An answer that is not a success, on its way to the client. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly errors: FieldError[] | undefined
  /** Members of the answer beside those of RFC 9457. */
  readonly extra: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      errors?: FieldError[]
      extra?: Record<string, unknown>
      headers?: Record<string, string>
      cause?: unknown
    } = {},
  ) {
    super(detail, { cause: options.cause })
    this.code = code
    this.errors = options.errors
    this.extra = options.extra ?? {}
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return PROBLEMS[this.code].status
  }

  /** The body, as RFC 9457 has it. */
  toJSON(): Record<string, unknown> {
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

/** Redis does not answer. */
export function queueUnavailable(cause?: unknown): Problem {
  return new Problem('unavailable', 'the queue cannot be reached; try again shortly', {
    headers: { 'Retry-After': '2' },
    cause,
  })
}

import type { FieldError, Finding, ProblemCode } from './api-types.ts'

/**
 * A code of docs/errors.md, or one of this client: `unreachable` (no answer came), `unknown` (an answer that was none of
 * Runyard's), `job-lost` (its result expired before it was read), or one of those that refuse input of an interactive job.
 */
export type ErrorCode =
  | ProblemCode
  | 'unreachable'
  | 'unknown'
  | 'job-lost'
  | 'connection-closed'
  | 'invalid-message'
  | 'not-interactive'
  | 'not-running'
  | 'input-closed'
  | 'input-limit'
  | 'job-ended'

export interface ErrorParts {
  code: ErrorCode
  status?: number
  title?: string
  detail: string
  errors?: FieldError[] | undefined
  violations?: Finding[] | undefined
  retryAfterMs?: number | null
  requestId?: string | null
  cause?: unknown
}

/** Whatever did not work. A program that fails is none: that is the job's `status`. The message is the detail. */
export class RunyardError extends Error {
  override readonly name = 'RunyardError'
  /** Stable: programs may rely on it. */
  readonly code: ErrorCode
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly title: string
  /** For people; may change. */
  readonly detail: string
  /** Which fields of the request are wrong. */
  readonly errors: FieldError[]
  /** What screening found, of a submission it refused. */
  readonly violations: Finding[]
  /** When the service asked to be tried again, in milliseconds from then; null when it did not say. */
  readonly retryAfterMs: number | null
  /** Under which the service's log tells of it. */
  readonly requestId: string | null

  constructor(parts: ErrorParts) {
    super(parts.detail, { cause: parts.cause })
    this.code = parts.code
    this.status = parts.status ?? 0
    this.title = parts.title ?? parts.detail
    this.detail = parts.detail
    this.errors = parts.errors ?? []
    this.violations = parts.violations ?? []
    this.retryAfterMs = parts.retryAfterMs ?? null
    this.requestId = parts.requestId ?? null
  }
}

/** Reads what an answer that is no success tells. */
export async function errorOf(answer: Response): Promise<RunyardError> {
  const common = {
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers.get('retry-after')),
    requestId: answer.headers.get('x-request-id'),
  }
  const text = await answer.text().catch(() => '')
  const body = answer.headers.get('content-type')?.startsWith('application/problem+json') ? parsed(text) : undefined
  if (body) return new RunyardError({ ...common, ...body })
  const title = `The answer was ${answer.status}${answer.statusText ? ` ${answer.statusText}` : ''}`
  const detail = `${title}; it did not come from Runyard: ${answer.url}`
  return new RunyardError({ ...common, code: 'unknown', title, detail })
}

type ProblemParts = Pick<ErrorParts, 'code' | 'detail' | 'errors' | 'violations'> & { title: string }

function parsed(text: string): ProblemParts | undefined {
  try {
    const { code, title, detail, errors, violations } = JSON.parse(text) as ProblemParts
    return typeof code === 'string' ? { code, title, detail: detail ?? title, errors, violations } : undefined
  } catch {
    return undefined
  }
}

/** `Retry-After` in either of its forms. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}

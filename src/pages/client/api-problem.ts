import type { FieldError, ProblemCode } from '../../shared/problems.ts'
import type { Finding } from '../../shared/security/finding.ts'

/** An answer that was no success, or none at all. The message is the detail. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  /** `unreachable` when no answer came, `unknown` when it was none of Runyard's. */
  readonly code: ProblemCode | 'unreachable' | 'unknown'
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  readonly title: string
  readonly errors: FieldError[]
  /** What screening found, of a submission it refused. */
  readonly violations: Finding[]
  readonly retryAfterSeconds: number | null
  readonly requestId: string | null

  constructor(parts: Pick<ApiProblem, 'code' | 'status' | 'title'> & { detail: string } & Partial<ApiProblem>) {
    super(parts.detail)
    this.code = parts.code
    this.status = parts.status
    this.title = parts.title
    this.errors = parts.errors ?? []
    this.violations = parts.violations ?? []
    this.retryAfterSeconds = parts.retryAfterSeconds ?? null
    this.requestId = parts.requestId ?? null
  }
}

export const unreachable = (): ApiProblem =>
  new ApiProblem({
    code: 'unreachable',
    status: 0,
    title: 'Runyard does not answer',
    detail: 'No answer came: the network or the service is away. What was submitted goes on without this page.',
  })

/** Reads what an answer that is no success tells. */
export async function problemOf(answer: Response): Promise<ApiProblem> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN)
  const common = {
    status: answer.status,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
    requestId: answer.headers.get('x-request-id'),
  }
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json')
  const body = isProblem ? ((await answer.json().catch(() => undefined)) as ProblemBody | undefined) : undefined
  if (body) return new ApiProblem({ ...common, ...body })
  const title = `The answer was ${answer.status}${answer.statusText ? ` ${answer.statusText}` : ''}`
  return new ApiProblem({
    ...common,
    code: 'unknown',
    title,
    detail: 'It did not come from Runyard, but from something before it.',
  })
}

interface ProblemBody {
  code: ProblemCode
  title: string
  detail: string
  errors?: FieldError[]
  violations?: Finding[]
}

import { PROBLEMS, Problem, type ProblemCode } from '../../../shared/problems.ts'
import type { RouteDescription } from '../route.ts'
import type { ResponseHeader } from '../parameters.ts'
import { PROBLEM_EXAMPLES } from './examples/problems.ts'

const BEHIND_ACCESS: readonly ProblemCode[] = ['unauthenticated', 'caller-blocked', 'rate-limited', 'unavailable']
/** Of the server itself and what stands before every route. */
const OF_ALL: readonly ProblemCode[] = [
  'malformed-request',
  'cross-site',
  'request-timeout',
  'wrong-host',
  'headers-too-large',
  'internal-error',
]
const OF_BODIES: readonly ProblemCode[] = ['invalid-json', 'too-large', 'unsupported-media-type', 'invalid-request']
const OF_UPLOADS: readonly ProblemCode[] = ['too-large', 'unsupported-media-type']

/** What routes that take a job refuse it for. */
export const SUBMISSION_PROBLEMS = [
  'invalid-header',
  'submission-blocked',
  'idempotency-mismatch',
  'tenant-queue-full',
  'queue-full',
  'engine-unavailable',
] as const satisfies readonly ProblemCode[]
/** What they refuse code for besides. */
export const CODE_PROBLEMS = [
  'unknown-language',
  'language-not-installed',
  'package-not-allowed',
] as const satisfies readonly ProblemCode[]

/** Everything that a route can refuse: what every route of its kind does, and what it says itself. */
export function problemsOf({ scopes, body, upload, path, problems = [] }: RouteDescription): ProblemCode[] {
  const found = new Set<ProblemCode>([...OF_ALL, 'invalid-request', ...problems])
  const add = (codes: readonly ProblemCode[]) => codes.forEach((code) => found.add(code))
  if (scopes !== 'open') add(BEHIND_ACCESS)
  if (scopes !== 'open' && scopes.length > 0) add(['insufficient-scope'])
  if (body) add(OF_BODIES)
  if (body?.bulk !== undefined) add(['too-many-open'])
  if (upload) add(OF_UPLOADS)
  if (/[:*]/.test(path)) add(['not-found'])
  return Object.keys(PROBLEMS).filter((code): code is ProblemCode => found.has(code as ProblemCode))
}

const HEADERS: Partial<Record<ProblemCode, readonly ResponseHeader[]>> = {
  unauthenticated: ['WWW-Authenticate'],
  'caller-blocked': ['Retry-After'],
  'method-not-allowed': ['Allow'],
  'upgrade-required': ['Upgrade'],
  'rate-limited': ['Retry-After'],
  'too-many-open': ['Retry-After'],
  'tenant-queue-full': ['Retry-After'],
  unavailable: ['Retry-After'],
  'queue-full': ['Retry-After'],
  'engine-unavailable': ['Retry-After'],
  'sessions-full': ['Retry-After'],
  'range-not-satisfiable': ['Content-Range'],
}

/** The headers that tell more of one of these problems. */
export const headersOfProblems = (codes: readonly ProblemCode[]): ResponseHeader[] => [
  ...new Set(codes.flatMap((code) => HEADERS[code] ?? [])),
]

/** Whether it may come of a job that was accepted. */
export const isAfterAcceptance = (code: ProblemCode): boolean =>
  code === 'not-found' || code === 'time-limit' || code === 'internal-error' || code === 'wait-timeout'

/** One answer for the problems that share a status. */
export function problemAnswer(codes: readonly ProblemCode[], headers: object): object {
  const meanings = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`)
  return {
    description: meanings.join('\n\n'),
    headers,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem', properties: { code: { enum: codes } } },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  }
}

/** An example of every problem there is, by its code. */
export function problemExamples(): Record<string, object> {
  const all = Object.keys(PROBLEMS) as ProblemCode[]
  return Object.fromEntries(
    all.map((code) => {
      const { detail, ...more } = PROBLEM_EXAMPLES[code]
      return [code, { summary: PROBLEMS[code].title, value: new Problem(code, detail, more).toJSON() }]
    }),
  )
}

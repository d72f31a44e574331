import type { Problem, ProblemCode } from '../../../../shared/problems.ts'
import { limitedResult, JOB_ID } from './results.ts'

type Example = { detail: string } & Partial<Pick<Problem, 'extra'> & { errors: NonNullable<Problem['errors']> }>

const field = (pointer: string, detail: string): Example => ({
  detail: `${pointer} ${detail}`,
  errors: [{ pointer, detail }],
})

/** What each problem may say. */
export const PROBLEM_EXAMPLES: Readonly<Record<ProblemCode, Example>> = {
  'malformed-request': { detail: 'the request has more than one Host header' },
  'invalid-json': { detail: 'the body is not JSON: Unexpected end of JSON input' },
  'invalid-header': { detail: 'Idempotency-Key must be 1 to 255 visible ASCII characters' },
  unauthenticated: { detail: 'send a key in the header "Authorization: Bearer ry_..." or "X-API-Key: ry_..."' },
  'insufficient-scope': { detail: 'a key with the scope admin is needed; this one has jobs' },
  'submission-blocked': {
    detail: "line 2: runs a command in a shell (python-os-system); this server's screening policy does not allow it",
    extra: {
      violations: [
        {
          rule: 'python-os-system',
          severity: 'block',
          reason: 'runs a command in a shell',
          pointer: '/code',
          line: 2,
          column: 1,
          excerpt: "os.system('id')",
        },
      ],
    },
  },
  'cross-site': {
    detail:
      'a page of http://localhost:5173 made this request; only pages of this gateway and of the origins in ' +
      'ALLOWED_ORIGINS may call it',
  },
  'caller-blocked': {
    detail: 'this address is blocked until 2027-01-31T12:05:00.000Z',
    extra: { until: '2027-01-31T12:05:00.000Z' },
  },
  'not-found': { detail: 'the job does not exist, or its result has expired' },
  'method-not-allowed': { detail: 'PATCH cannot be used on /v1/jobs; allowed: GET, POST' },
  'time-limit': { detail: 'the wall time limit of 500 ms was reached', extra: { result: limitedResult } },
  'request-timeout': { detail: 'the request took too long to arrive; send it again' },
  'no-kernel': {
    detail:
      'the session has no kernel, since `kernel` was false or its language has none here; run commands, or start a session with `kernel: true`, which says what is missing',
  },
  'context-dead': {
    detail:
      'its kernel was killed (SIGKILL), most likely because the session reached its memory limit of 536870912 bytes',
  },
  'file-conflict': { detail: 'out is a folder' },
  'not-waiting': { detail: 'the execution does not ask for input' },
  'already-ended': { detail: 'the command has ended' },
  'session-ended': { detail: 'the session has ended: nothing happened in it for its `idleTimeoutMs`' },
  'session-lost': { detail: 'the session was lost: its worker was lost' },
  'too-many-sessions': { detail: 'you have 10 sessions, the most that is allowed; end one first' },
  'too-many-tokens': { detail: 'your key has 1000 browser tokens that are valid, the most that is allowed' },
  'session-busy': { detail: '100 executions wait in the context already' },
  'sessions-full': { detail: 'no worker has 536870912 bytes left for another session; try again in 10 s' },
  'runtime-busy': { detail: `Perl is being installed (${JOB_ID}); ask again when that has ended` },
  'nothing-to-run': {
    detail: 'the job has not ended yet; requests are kept with results, unless KEEP_REQUESTS is off',
  },
  'too-large': field('/code', 'has 1048577 bytes; 1048576 are allowed'),
  'unsupported-media-type': { detail: 'the content type is missing; it must be application/json' },
  'range-not-satisfiable': { detail: 'bytes=5000- is beyond the file, which has 4096 bytes' },
  'wrong-host': {
    detail:
      'this gateway has no authentication and serves only localhost, 127.0.0.1 and [::1]; to serve it under another name, ' +
      'set AUTH=required, or AUTH=optional',
  },
  'invalid-request': field('/limits/wallMs', 'must be at least 1'),
  'idempotency-mismatch': {
    detail: `the Idempotency-Key was already used for another request, which created the job ${JOB_ID}`,
  },
  'unknown-language': field(
    '/language',
    'is "pyhton"; known languages: bash, c, cpp, go, javascript, python, ruby, rust',
  ),
  'language-not-installed': {
    detail: 'Rust is not installed; the operator can install it with: npx runyard languages install rust',
    errors: [{ pointer: '/language', detail: 'Rust is defined but not installed' }],
  },
  'image-not-allowed': field('/image', 'is "debian"; allowed are bash, javascript, python'),
  'package-not-allowed': { detail: 'example is banned on this server: malware' },
  'package-too-new': {
    detail:
      'example 1.2.0 was uploaded at 2027-01-30T12:00:00.000Z; packages must be 7 days old here, so it can be installed from 2027-02-06T12:00:00.000Z',
  },
  'package-needs-build': {
    detail: 'example has no wheels: it would have to be built, which runs its code; only wheels are installed here',
  },
  'package-unknown': { detail: 'the package index has no package exampel' },
  'environment-too-large': {
    detail: 'the packages and what they need have more than 1073741824 bytes or 60000 files, the most that is allowed',
  },
  'environment-failed': {
    detail: 'No solution found when resolving dependencies: numpy>=2 and numpy<2 cannot both be met',
  },
  'environments-full': {
    detail: 'this worker has no room to install the packages; try again later, or tell the operator',
  },
  'upgrade-required': { detail: 'this is a WebSocket; connect with ws: or wss:' },
  'rate-limited': {
    detail:
      '60 submissions a minute are allowed, 10 of them at once; try again in 1 s; ' +
      'the operator can raise this with RATE_PER_MINUTE and RATE_BURST',
  },
  'too-many-open': {
    detail: 'you have 2000 open streams and waiting requests, the most that is allowed; close one first',
  },
  'tenant-queue-full': { detail: '1000 jobs of yours are waiting; the limit is 1000; try again in 12 s' },
  'headers-too-large': { detail: 'URL and headers together have more than 16 KiB' },
  'internal-error': { detail: 'an internal error occurred; the log has details under this request’s id' },
  unavailable: { detail: 'the queue cannot be reached; try again shortly' },
  'queue-full': { detail: '10000 jobs are waiting; the limit is 10000; try again in 12 s' },
  'engine-unavailable': {
    detail: 'no worker can run jobs now: the container engine does not answer; it is tried again every second',
  },
  'storage-full': { detail: 'the file store has no room; the operator has to make some' },
  'wait-timeout': { detail: `the job is still in the queue; read it at /v1/jobs/${JOB_ID}`, extra: { id: JOB_ID } },
  'storage-quota': {
    detail: 'your files have 5368700000 bytes, and 5368709120 are allowed; delete some first',
  },
}

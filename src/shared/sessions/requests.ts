import Type, { type Static } from 'typebox'
import { MAX_TIMER_MS, SECOND } from '../limits.ts'
import { SIGNAL_NAMES } from '../redis/job-input.ts'
import { MAX_FILES, RequestFile } from '../requests.ts'
import { EndUser } from '../security/end-user.ts'
import { TerminalSize } from '../terminal-size.ts'
import { SessionWebhook } from '../webhook.ts'
import { ExecutionLimits, SessionLimitOverrides } from './session.ts'

const optional = Type.Optional
const closed = { additionalProperties: false }
/** The most is what the service is set to, which its handlers check: a bound here would be named first, and be the wrong one. */
const duration = (description: string) =>
  Type.Integer({ minimum: SECOND, description: `${description}; at most what the service allows` })
const environment = (description: string) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    propertyNames: { pattern: '^[^=\\u0000]{1,256}$', description: '1 to 256 characters other than "=" and NUL' },
    maxProperties: 128,
    description,
  })
const folder = (description: string) => Type.String({ minLength: 1, maxLength: 1024, description })

const idleTimeoutMs = duration('end the session when nothing happens in it for so long')
const maxLifetimeMs = duration('end the session so long after it started')

/** The body of `POST /v1/sessions`. */
export const SessionRequest = Type.Object(
  {
    language: optional(
      Type.String({
        minLength: 1,
        maxLength: 32,
        description: 'id or alias, see GET /v1/runtimes; `python` when absent',
      }),
    ),
    version: optional(Type.String({ minLength: 1, maxLength: 64, description: 'a semver range, e.g. `3.x`' })),
    kernel: optional(
      Type.Boolean({
        description:
          'whether it takes executions; when absent, it does where the kernel of the language is installed. Without one it takes less memory',
      }),
    ),
    files: optional(Type.Array(RequestFile, { minItems: 1, maxItems: MAX_FILES })),
    environment: optional(
      Type.String({
        format: 'uuid',
        description: 'id of an environment that is ready: its packages are there to import',
      }),
    ),
    from: optional(
      Type.String({
        format: 'uuid',
        description:
          'id of a snapshot, or of another tar archive among your files: it is unpacked before the session runs',
      }),
    ),
    dependencies: optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 214 }), {
        minItems: 1,
        maxItems: 100,
        description: 'packages with versions, e.g. `numpy>=2`: they are installed before it begins',
      }),
    ),
    limits: optional(SessionLimitOverrides),
    idleTimeoutMs: optional(idleTimeoutMs),
    maxLifetimeMs: optional(maxLifetimeMs),
    env: optional(environment('environment variables of its kernels and commands')),
    webhook: optional(SessionWebhook),
    metadata: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'yours; at most 4 KiB of JSON' })),
    endUser: optional(EndUser),
  },
  closed,
)
export type SessionRequest = Static<typeof SessionRequest>

/** The body of `POST /v1/sessions/:id/snapshot`. */
export const SnapshotRequest = Type.Object(
  {
    name: optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$',
        description: 'for people; `session.tar` when absent',
      }),
    ),
    ttlSeconds: optional(
      Type.Integer({
        minimum: 1,
        maximum: 9_999_999_999,
        description: 'how long to keep it; at most what the service keeps',
      }),
    ),
  },
  closed,
)
export type SnapshotRequest = Static<typeof SnapshotRequest>

/** The body of `PATCH /v1/sessions/:id`. */
export const SessionChange = Type.Object(
  { idleTimeoutMs: optional(idleTimeoutMs), maxLifetimeMs: optional(maxLifetimeMs) },
  { ...closed, minProperties: 1 },
)
export type SessionChange = Static<typeof SessionChange>

export const ExecutionRequest = Type.Object(
  {
    code: Type.String({ description: 'one piece of code' }),
    context: optional(Type.String({ minLength: 1, maxLength: 64, description: '`default` when absent' })),
    language: optional(
      Type.String({ minLength: 1, maxLength: 32, description: 'must be that of the session, when given' }),
    ),
    timeoutMs: optional(Type.Integer({ minimum: 1, maximum: MAX_TIMER_MS, description: 'then it is interrupted' })),
    limits: optional(ExecutionLimits),
    silent: optional(Type.Boolean({ description: 'no result and no count' })),
    allowInput: optional(Type.Boolean({ description: 'it may ask for input; without, asking is an error' })),
  },
  closed,
)
export type ExecutionRequest = Static<typeof ExecutionRequest>

export const ContextRequest = Type.Object(
  {
    id: optional(
      Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'yours to choose; made up when absent' }),
    ),
    language: optional(
      Type.String({ minLength: 1, maxLength: 32, description: 'must be that of the session, when given' }),
    ),
    cwd: optional(folder('its working folder, relative to that of the session')),
    env: optional(environment('more environment variables')),
  },
  closed,
)
export type ContextRequest = Static<typeof ContextRequest>

/** Exactly one of `argv` and `shell`. */
export const CommandRequest = Type.Object(
  {
    argv: optional(Type.Array(Type.String(), { minItems: 1, maxItems: 256, description: 'argument vector, no shell' })),
    shell: optional(Type.String({ minLength: 1, maxLength: 65_536, description: 'a line for `sh`' })),
    cwd: optional(folder('where it starts, relative to the working folder of the session')),
    env: optional(environment('more environment variables')),
    stdin: optional(Type.String({ description: 'its standard input' })),
    interactive: optional(Type.Boolean({ description: 'keep standard input open behind `stdin`' })),
    terminal: optional(TerminalSize),
    background: optional(
      Type.Boolean({
        description: 'it does not keep the session from ending idle, and has no time limit unless given',
      }),
    ),
    timeoutMs: optional(Type.Integer({ minimum: 1, maximum: MAX_TIMER_MS, description: 'then it is killed' })),
  },
  closed,
)
export type CommandRequest = Static<typeof CommandRequest>

export const StdinRequest = Type.Object(
  {
    data: optional(Type.String()),
    encoding: optional(Type.Enum(['utf-8', 'base64'], { description: 'of `data`; `utf-8` when absent' })),
    end: optional(Type.Boolean({ description: 'the end of its standard input' })),
  },
  closed,
)

export const SignalRequest = Type.Object(
  {
    signal: Type.Enum(SIGNAL_NAMES),
    tree: optional(Type.Boolean({ description: 'to all processes that it started too, instead of its process group' })),
  },
  closed,
)

const codeSoFar = Type.String({ description: 'the code as it is written so far' })
const contextName = optional(Type.String({ minLength: 1, maxLength: 64, description: '`default` when absent' }))
const cursor = optional(
  Type.Integer({
    minimum: 0,
    description: 'where, in characters (code points) from its beginning; its end when absent',
  }),
)

export const CompletionRequest = Type.Object({ code: codeSoFar, cursor, context: contextName }, closed)
export const InspectionRequest = Type.Object(
  {
    code: codeSoFar,
    cursor,
    context: contextName,
    detail: optional(Type.Enum(['short', 'long'], { description: '`short` when absent' })),
  },
  closed,
)

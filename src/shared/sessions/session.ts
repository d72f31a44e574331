import Type, { type Static } from 'typebox'
import type { JobStoredFile } from '../files/stored-file.ts'
import { LimitOverrides, Limits } from '../limits.ts'
import { EndUser } from '../security/end-user.ts'
import { Finding } from '../security/finding.ts'
import type { Origin } from '../security/origin.ts'
import type { SourceFile } from '../job.ts'
import type { TraceContext } from '../tracing/trace-context.ts'
import type { SessionWebhook } from '../webhook.ts'

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const time = (description: string) => Type.String({ format: 'date-time', description })

/** `starting` until its sandbox stands, then `running`, then `ended`. */
export const SESSION_STATES = ['starting', 'running', 'ended'] as const
export const SessionState = Type.Enum(SESSION_STATES)
export type SessionState = (typeof SESSION_STATES)[number]

/** Why a session ended. The first cause counts. */
export const SESSION_ENDS = {
  deleted: 'a client ended it',
  idle: 'nothing happened in it for its `idleTimeoutMs`',
  lifetime: 'its `maxLifetimeMs` was over',
  'cpu-time-limit': 'its processes used up its `cpuMs`',
  'agent-lost': 'a program of the session, or a lack of memory, ended the agent that runs its processes',
  'start-failed':
    'its snapshot could not be unpacked, one of its files could not be written, or its kernel could not be started',
  'no-room': 'no worker had room for it in time',
  'session-lost': 'its worker closed or died, or its sandbox failed; what was in it is gone',
} as const
export type SessionEnd = keyof typeof SESSION_ENDS
export const SessionEnd = Type.Enum(Object.keys(SESSION_ENDS) as SessionEnd[])

/** Of a job's limits those that a session has: for all its processes together, and `outputBytes` for each execution and command. */
const LIMITS_OF_SESSIONS = ['memoryBytes', 'processes', 'outputBytes', 'fileBytes', 'openFiles', 'stackBytes'] as const
/** Of its own: what a job may use in seconds, a session uses over its life. */
const cpuMs = Type.Integer({
  minimum: 1,
  description: 'CPU time of all its processes together, in milliseconds; then it ends',
})
const closed = { additionalProperties: false }
export const SessionLimits = Type.Object({ ...Type.Pick(Limits, LIMITS_OF_SESSIONS).properties, cpuMs }, closed)
export type SessionLimits = Static<typeof SessionLimits>
/** Those of a session out of all. */
export const limitsOfSession = (limits: Omit<SessionLimits, 'cpuMs'>, ownCpuMs: number): SessionLimits => {
  const { memoryBytes, processes, outputBytes, fileBytes, openFiles, stackBytes } = limits
  return { memoryBytes, processes, outputBytes, fileBytes, openFiles, stackBytes, cpuMs: ownCpuMs }
}
export const SessionLimitOverrides = Type.Object(
  { ...Type.Pick(LimitOverrides, LIMITS_OF_SESSIONS).properties, cpuMs: Type.Optional(cpuMs) },
  closed,
)

export const ExecutionLimits = Type.Object(
  {
    cpuMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'CPU time of all processes of the session while it runs, in milliseconds; then it is interrupted',
      }),
    ),
  },
  closed,
)

/** A session, as its owner sees it. */
export const Session = Type.Object({
  id: Type.String({ format: 'uuid', description: 'a UUID of version 7' }),
  state: SessionState,
  reason: orNull(SessionEnd),
  message: orNull(Type.String({ description: 'more about why it ended, for people' })),
  language: Type.String(),
  version: Type.String(),
  kernel: Type.Boolean({ description: 'whether it takes executions: its language has a kernel' }),
  limits: SessionLimits,
  idleTimeoutMs: Type.Integer({ description: 'it ends when nothing happens for so long' }),
  maxLifetimeMs: Type.Integer({ description: 'it ends so long after it started' }),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  warnings: Type.Array(Finding, { description: 'findings of screening that did not refuse its files' }),
  endUser: Type.Optional(EndUser),
  createdAt: time('RFC 3339, UTC'),
  startedAt: orNull(time('when its sandbox stood')),
  lastActiveAt: orNull(time('when something last happened in it')),
  endsAt: orNull(time('the end of its longest life')),
  endedAt: orNull(time('')),
})
export type Session = Static<typeof Session>

/** A session with whose it is, and the worker that keeps it. */
export const TenantSession = Type.Object({
  ...Session.properties,
  tenant: Type.String(),
  worker: orNull(Type.String({ description: 'id of the worker that keeps it; null until one does' })),
})
export type TenantSession = Static<typeof TenantSession>
export const AdminSessionPage = Type.Object({
  sessions: Type.Array(TenantSession),
  next: orNull(Type.String({ description: 'the `cursor` of the next page; `null` on the last' })),
  count: Type.Integer({ description: 'of all that live' }),
  memoryBytes: Type.Integer({ description: 'what they may use together' }),
})
export type AdminSessionPage = Static<typeof AdminSessionPage>

/** The part of a session that is known when it is accepted. */
export type SessionHead = Pick<
  Session,
  'id' | 'language' | 'version' | 'kernel' | 'limits' | 'metadata' | 'warnings' | 'endUser' | 'createdAt'
>

/** A stored file, and the name of its content in the file store. */
export type SnapshotFile = Pick<JobStoredFile, 'fileId' | 'blob'>

/** What is put on the queue: everything a worker needs, checked and complete. */
export interface SessionSpec {
  head: SessionHead
  tenant: string
  origin: Origin
  idleTimeoutMs: number
  maxLifetimeMs: number
  files: SourceFile[]
  /** Files that are brought from the file store. */
  storedFiles?: JobStoredFile[]
  env: Record<string, string>
  /** Id of the environment that has its packages. */
  environment?: string
  /** An archive in the file store that is unpacked in its working folder. */
  from?: SnapshotFile
  /** Where its owner is told of it. */
  webhook?: SessionWebhook
  /** Of the sending that put it on the queue. */
  trace?: TraceContext
}

export const CONTEXT_STATES = ['starting', 'idle', 'busy', 'dead'] as const
/** An interpreter with state: a Jupyter kernel. */
export const Context = Type.Object({
  id: Type.String({ description: '`default` for the one that every session with a kernel has' }),
  state: Type.Enum(CONTEXT_STATES),
  language: Type.String(),
  executionCount: orNull(Type.Integer({ description: 'of its last execution' })),
  queued: Type.Integer({ description: 'executions that wait in it' }),
  message: orNull(Type.String({ description: 'why it died' })),
  restarts: Type.Integer({ description: 'how often its kernel was started anew' }),
  createdAt: time(''),
})
export type Context = Static<typeof Context>

export const EXECUTION_STATUSES = [
  'succeeded',
  'failed',
  'interrupted',
  'wall-time-limit',
  'cpu-time-limit',
  'context-lost',
  'cancelled',
  'session-lost',
] as const
export const ExecutionStatus = Type.Enum(EXECUTION_STATUSES)
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number]

/** Something to show: the value of the last expression, a plot, a table. */
export const Result = Type.Object({
  data: Type.Record(Type.String(), Type.Unknown(), {
    description: 'the same in several forms, by media type; images as base64',
  }),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  isMainResult: Type.Boolean({ description: 'whether it is the value of the last expression' }),
  displayId: Type.Optional(Type.String({ description: 'present when later output may replace it' })),
})
export type Result = Static<typeof Result>

export const ExecutionError = Type.Object({
  name: Type.String({ description: 'e.g. `ZeroDivisionError`' }),
  value: Type.String(),
  traceback: Type.Array(Type.String(), { description: 'may hold colour escape sequences' }),
})
export type ExecutionError = Static<typeof ExecutionError>

/** `name` of the error of ipykernel where code calls `input()` and the execution may not ask. */
export const INPUT_REFUSED = 'StdinNotImplementedError'

/** One piece of code run in a context. */
export const Execution = Type.Object({
  id: Type.String({ format: 'uuid' }),
  context: Type.String(),
  state: Type.Enum(['queued', 'running', 'finished']),
  status: orNull(ExecutionStatus),
  message: orNull(Type.String({ description: 'why it ended, when the status alone does not say' })),
  executionCount: orNull(Type.Integer()),
  results: Type.Array(Result),
  stdout: Type.String(),
  stderr: Type.String(),
  error: orNull(ExecutionError),
  truncated: Type.Boolean({ description: 'whether output or results beyond the limits were left out' }),
  warnings: Type.Array(Finding, { description: 'findings of screening that did not refuse it' }),
  createdAt: time(''),
  startedAt: orNull(time('')),
  finishedAt: orNull(time('')),
})
export type Execution = Static<typeof Execution>

/** An execution in a list: without its output and results. */
export const ExecutionSummary = Type.Omit(Execution, ['results', 'stdout', 'stderr'])
export type ExecutionSummary = Static<typeof ExecutionSummary>

/** @param execution may lack its output already */
export function summaryOfExecution(execution: ExecutionSummary & Partial<Execution>): ExecutionSummary {
  const { results: _results, stdout: _stdout, stderr: _stderr, ...summary } = execution
  return summary
}

/** What could stand at a place of code. */
export const Completion = Type.Object({
  matches: Type.Array(Type.String(), { description: 'each takes the place of the code from `start` to `end`' }),
  start: Type.Integer({ description: 'in characters (code points) from the beginning of the code' }),
  end: Type.Integer(),
  metadata: Type.Record(Type.String(), Type.Unknown(), { description: 'what else the kernel says, e.g. types' }),
})
export type Completion = Static<typeof Completion>

/** What is known of a name in code. */
export const Inspection = Type.Object({
  found: Type.Boolean(),
  data: Type.Record(Type.String(), Type.Unknown(), { description: 'the same in several forms, by media type' }),
})
export type Inspection = Static<typeof Inspection>

export const COMMAND_STATUSES = [
  'succeeded',
  'failed',
  'signalled',
  'start-failed',
  'wall-time-limit',
  'output-limit',
  'cancelled',
  'session-lost',
] as const
export const CommandStatus = Type.Enum(COMMAND_STATUSES)
export type CommandStatus = (typeof COMMAND_STATUSES)[number]

/** A process of the session's. */
export const Command = Type.Object({
  id: Type.String({ format: 'uuid' }),
  argv: Type.Array(Type.String()),
  background: Type.Boolean(),
  terminal: Type.Boolean(),
  state: Type.Enum(['running', 'finished']),
  status: orNull(CommandStatus),
  message: orNull(Type.String()),
  pid: orNull(Type.Integer({ description: 'in the session' })),
  exitCode: orNull(Type.Integer()),
  signal: orNull(Type.String({ description: 'e.g. `SIGKILL`' })),
  stdout: Type.String(),
  stderr: Type.String(),
  truncated: Type.Boolean({ description: 'whether output beyond the limit was left out' }),
  cpuMs: orNull(Type.Number()),
  memoryPeakBytes: orNull(Type.Integer()),
  warnings: Type.Array(Finding, { description: 'findings of screening that did not refuse it' }),
  startedAt: time(''),
  finishedAt: orNull(time('')),
})
export type Command = Static<typeof Command>

/** A command in a list: without its output. */
export const CommandSummary = Type.Omit(Command, ['stdout', 'stderr'])
export type CommandSummary = Static<typeof CommandSummary>

/** @param command may lack its output already */
export function summaryOfCommand(command: CommandSummary & Partial<Command>): CommandSummary {
  const { stdout: _stdout, stderr: _stderr, ...summary } = command
  return summary
}

/** A command in an event: without its output. */
export const CommandState = Type.Omit(Command, ['stdout', 'stderr', 'warnings'])

export const FileEntry = Type.Object({
  name: Type.String(),
  kind: Type.Enum(['file', 'folder', 'link', 'other']),
  bytes: Type.Integer(),
  mode: Type.String({ description: 'permissions in octal, e.g. `0644`' }),
  modifiedAt: time(''),
})
export type FileEntry = Static<typeof FileEntry>

const FileKind = FileEntry.properties.kind

/** Something that became of a file or folder that is watched. */
export const FileChange = Type.Object({
  change: Type.Enum(['created', 'changed', 'removed', 'moved']),
  path: Type.String({ description: 'as other requests name it: below the path of the watch' }),
  from: Type.Optional(Type.String({ description: 'the path it had; of one that moved' })),
  kind: FileKind,
  bytes: Type.Integer(),
})
export type FileChange = Static<typeof FileChange>

/** A folder whose changes are told. */
export const Watch = Type.Object({
  id: Type.String({ format: 'uuid' }),
  path: Type.String(),
  recursive: Type.Boolean(),
  state: Type.Enum(['watching', 'overflowed', 'ended'], {
    description: '`overflowed`: more than 10,000 entries are in it; changes are not seen until there are fewer',
  }),
  createdAt: time(''),
})
export type Watch = Static<typeof Watch>

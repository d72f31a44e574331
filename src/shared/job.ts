import Type, { type Static } from 'typebox'
import { Artifact, type ArtifactRequest } from './artifact.ts'
import type { JobStoredFile } from './files/stored-file.ts'
import { JobJudging, TestJudging } from './judging/judging-result.ts'
import type { JudgingSpec } from './judging/judging-spec.ts'
import { STATES, STATUSES } from './job-status.ts'
import { LIMIT_NAMES, type LimitOverrides, Limits } from './limits.ts'
import { EndUser } from './security/end-user.ts'
import { Finding } from './security/finding.ts'
import { orNull } from './schema.ts'
import type { Origin } from './security/origin.ts'
import type { TerminalSize } from './terminal-size.ts'
import type { TraceContext } from './tracing/trace-context.ts'
import type { Webhook } from './webhook.ts'

export { STATES, STATUSES }

export const State = Type.Enum(STATES)
export type State = Static<typeof State>

export const Status = Type.Enum(STATUSES)
export type Status = Static<typeof Status>

export const Encoding = Type.Enum(['utf-8', 'base64'])
export type Encoding = Static<typeof Encoding>

/** How output is given. There is one way; clients that look need not be changed. */
export const OutputEncoding = Type.Literal('utf-8', { description: 'always `utf-8`: output is given as text' })

/** Beside a text that is not all of what was written. */
export const ExactBytes = Type.Optional(
  Type.String({
    description:
      'the bytes as base64; present when the text does not have all of them: they are not UTF-8, or mostly control characters',
  }),
)

/** Which of a job's tests a stage is. */
export const StageTest = Type.Object({
  index: Type.Integer({ minimum: 0, description: 'its place in the `tests` of the request, from 0' }),
  name: orNull(Type.String({ description: 'its `name` in the request' })),
})
export type StageTest = Static<typeof StageTest>

/** What one process tree did: `compile`, `run`, or `test N`. */
export const Stage = Type.Object({
  name: Type.String({ description: '`compile`, `run`, or `test N` counted from 1' }),
  test: Type.Optional(StageTest),
  status: Status,
  exitCode: orNull(Type.Integer()),
  signal: orNull(Type.String({ description: 'e.g. `SIGSEGV`' })),
  wallMs: Type.Number(),
  cpuMs: Type.Number(),
  memoryPeakBytes: Type.Integer({ description: 'largest resident set of one process' }),
  stdout: Type.String(),
  stderr: Type.String(),
  output: Type.String({ description: 'stdout and stderr in the order they were written' }),
  stdoutBase64: ExactBytes,
  stderrBase64: ExactBytes,
  outputBase64: ExactBytes,
  encoding: OutputEncoding,
  stdoutBytes: Type.Integer(),
  stderrBytes: Type.Integer(),
  truncated: Type.Boolean(),
  limitsMet: Type.Array(Type.Enum(LIMIT_NAMES), {
    description: 'limits that it reached, whether or not they ended it',
  }),
  judging: Type.Optional(TestJudging),
})
export type Stage = Static<typeof Stage>

/** A stage as it stands in events: its output came in events of its own. */
export const StageSummary = Type.Omit(Stage, [
  'stdout',
  'stderr',
  'output',
  'stdoutBase64',
  'stderrBase64',
  'outputBase64',
  'encoding',
])
export type StageSummary = Static<typeof StageSummary>

/** The packages of a job. Their lock is long: it is kept with the environment and given where one job is read. */
export const JobEnvironment = Type.Object({
  id: Type.String({ format: 'uuid', description: 'for `GET /v1/environments/:id`' }),
  lock: Type.Optional(
    orNull(
      Type.String({
        description:
          'names, versions and hashes; `null` until the job runs. Present where one job is answered, and in `GET /v1/environments/:id`; absent in events, webhooks and lists',
      }),
    ),
  ),
})

/** A job as its owner sees it. */
export const Job = Type.Object({
  id: Type.String({ format: 'uuid', description: 'a UUID of version 7' }),
  kind: Type.Enum(['code', 'container']),
  state: State,
  status: orNull(Status),
  message: orNull(Type.String({ description: 'why it ended, when the status alone does not say' })),
  language: orNull(Type.String()),
  version: orNull(Type.String()),
  image: orNull(Type.String()),
  interactive: Type.Boolean({ description: 'whether its standard input stays open' }),
  limits: Limits,
  metadata: Type.Record(Type.String(), Type.Unknown()),
  warnings: Type.Array(Finding, { description: 'findings of screening that did not refuse it' }),
  endUser: Type.Optional(EndUser),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  startedAt: orNull(Type.String({ format: 'date-time' })),
  finishedAt: orNull(Type.String({ format: 'date-time' })),
  attempt: Type.Integer({ description: 'number of starts' }),
  stages: Type.Array(Stage),
  requestKept: Type.Optional(
    Type.Boolean({ description: 'true when GET /v1/jobs/:id/request has the request; else absent' }),
  ),
  artifacts: Type.Optional(
    Type.Array(Artifact, { description: 'files that the job made; present when it asked for files and has ended' }),
  ),
  artifactsTruncated: Type.Optional(
    Type.Boolean({ description: 'whether requested files are missing; `message` says why' }),
  ),
  judging: Type.Optional(JobJudging),
  environment: Type.Optional(JobEnvironment),
})
export type Job = Static<typeof Job>

/** A job without its output. */
export const JobSummary = Type.Object({ ...Job.properties, stages: Type.Array(StageSummary) })
export type JobSummary = Static<typeof JobSummary>

/** The part of a job that is known when it is accepted. */
export type JobHead = Pick<
  Job,
  | 'id'
  | 'kind'
  | 'language'
  | 'version'
  | 'image'
  | 'interactive'
  | 'limits'
  | 'metadata'
  | 'warnings'
  | 'endUser'
  | 'createdAt'
  | 'requestKept'
  | 'environment'
>

export interface SourceFile {
  path: string
  content: string
  encoding: Encoding
  /** In octal; absent where its content decides. */
  mode?: string
}

export interface TestCase {
  name?: string
  stdin?: string
  stdinEncoding?: Encoding
  args?: string[]
  expectedOutput?: string
  /** Instead of those of the job. */
  limits?: LimitOverrides
  points?: number
  /** Name of its group. */
  group?: string
  /** Its output, and what a checker tells judges, are nobody's to read. */
  secret?: boolean
}

/** The part of a job that names a problem which is not the problem's. */
export interface OwnSubmission {
  /** As it was asked for. */
  language: string
  /** How many of `files` are its own: the first. */
  files: number
  entrypoint?: string
  limits?: LimitOverrides
}

/** Inputs of a stored problem that a job reads as tests without answers. */
export interface ProblemInputs {
  /** By `contentOf`. */
  content: string
  /** The place in the problem of the job's first test. */
  first: number
}

/** What is put on the queue: everything a worker needs, checked and complete. */
export interface JobSpec {
  head: JobHead
  tenant: string
  origin: Origin
  /** What its run follows from, where there are traces. */
  trace?: TraceContext
  /** Whether its sandbox may serve the tenant's next job too. */
  shareable: boolean
  /** Jobs of its tenant that may run at one time; null: as many as there are slots. */
  maxRunningJobs: number | null
  /** Among the waiting jobs of its tenant: 0 to 2, the highest first. */
  rank: number
  /** How long it is not to begin, from when it was accepted. */
  delayMs: number
  /** The gateway that waits for its end, if one does. */
  replyTo?: string
  /** Who is told of it; null: nobody. */
  webhook: Webhook | null
  /** The request as JSON, when it is to be kept with the job's record; null: it is not, or it is there already. */
  keptRequest: string | null
  /** Files to keep; null: none. */
  artifacts: ArtifactRequest | null
  /** Id of the environment that has its packages. */
  environment?: string
  files: SourceFile[]
  /** Files that the worker gets from the file store. */
  storedFiles?: JobStoredFile[]
  /** Path of the file that is run; empty for a container job. */
  entrypoint: string
  /** Argument vector of a container job; empty for code. */
  command: string[]
  stdin: string
  /** `utf-8` when absent. */
  stdinEncoding?: Encoding
  args: string[]
  compilerArgs: string[]
  env: Record<string, string>
  /** At least one case when the job is judged, else empty. */
  tests: TestCase[]
  /** Content, by `contentOf`, of the stored problem that has what its tests lack here: input and answer. */
  problem?: string
  /** The stored problem whose inputs its tests read, from one of them on. */
  inputsOf?: ProblemInputs
  /** What of a submission to a stored problem its owner sent; the rest is the problem's. */
  submission?: OwnSubmission
  /** The job whose submission is judged again by this one. */
  again?: string
  /** How its tests are judged; absent: by their lines, as `LINES`. */
  judging?: JudgingSpec
  expectedOutput: string | null
  /** Its streams are a terminal of this size at first; absent: pipes. */
  terminal?: TerminalSize
}

/** What BullMQ keeps of a job that has ended; the result itself has a key and a lifetime of its own. */
export interface JobReturn {
  status: Status
}

/**
 * What the service takes and answers, as its own schemas have it. `scripts/build-client.mjs` writes these types out for the
 * package `@runyard/client`, which has no schemas: each name here is that of a schema in the file it comes from.
 */
export type { AcceptedBatch, Batch } from '../shared/batch.ts'
export type { Environment, EnvironmentEvent } from '../shared/environments/environment.ts'
export type { StoredFile } from '../shared/files/stored-file.ts'
export type { GapEvent, JobEvent } from '../shared/job-event.ts'
export type { Encoding, Job, JobSummary, Stage, StageSummary, State, Status } from '../shared/job.ts'
export type { JobJudging, TestJudging } from '../shared/judging/judging-result.ts'
export type { ProblemCheck, Rejudging, ValidProblem } from '../shared/judging/problem-answers.ts'
export type { Comparison, Similarity } from '../shared/judging/similarity.ts'
export type { StoredProblem } from '../shared/judging/stored-problem.ts'
export type { Verdict } from '../shared/judging/verdict.ts'
export type { LimitOverrides, Limits } from '../shared/limits.ts'
export type { FieldError, ProblemCode } from '../shared/problems.ts'
export type { CodeRequest, ContainerRequest } from '../shared/requests.ts'
export type { Runtime } from '../shared/runtime.ts'
export type { Finding } from '../shared/security/finding.ts'
export type { CommRequest, SentComm } from '../shared/sessions/comm.ts'
export type {
  CommandRequest,
  ContextRequest,
  ExecutionRequest,
  SessionChange,
  SessionRequest,
  SnapshotRequest,
} from '../shared/sessions/requests.ts'
export type {
  Command,
  CommandSummary,
  Completion,
  Context,
  Execution,
  ExecutionError,
  ExecutionSummary,
  FileChange,
  FileEntry,
  Inspection,
  Result,
  Session,
  SessionState,
  Watch,
} from '../shared/sessions/session.ts'
export type { SessionEvent } from '../shared/sessions/session-event.ts'
export type { TerminalSize } from '../shared/terminal-size.ts'
export type { SessionWebhookBody } from '../shared/sessions/session-webhook.ts'
export type { WebhookBody, WebhookTestBody } from '../shared/webhooks/webhook-body.ts'

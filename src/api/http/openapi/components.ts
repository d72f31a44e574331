import type { TSchema } from 'typebox'
import { ApiKey, Rate, Scope } from '../../../shared/access/api-key.ts'
import { NewApiKey } from '../../../shared/access/new-api-key.ts'
import { Artifact } from '../../../shared/artifact.ts'
import { Encoding, Job, JobSummary, Stage, StageSummary, StageTest, State, Status } from '../../../shared/job.ts'
import {
  GapEvent,
  JobEvent,
  OutputEvent,
  ResultEvent,
  StageEvent,
  StateEvent,
  PackagesEvent,
  WarningEvent,
} from '../../../shared/job-event.ts'
import { StoredFile } from '../../../shared/files/stored-file.ts'
import { LimitOverrides, Limits } from '../../../shared/limits.ts'
import { FieldError, ProblemBody } from '../../../shared/problems.ts'
import { RequestGroup, TestLimits } from '../../../shared/judging/judging-request.ts'
import { CheckTimes, GroupJudging, JobJudging, TestJudging } from '../../../shared/judging/judging-result.ts'
import { Verdict } from '../../../shared/judging/verdict.ts'
import {
  Checker,
  CodeRequest,
  ContainerRequest,
  Interactor,
  RequestFile,
  RequestTest,
} from '../../../shared/requests.ts'
import { RunResult } from '../../../shared/run-result.ts'
import { Allowed, Block } from '../../../shared/security/blocks.ts'
import { Finding } from '../../../shared/security/finding.ts'
import { ScreeningPolicy } from '../../../shared/screening-policy.ts'
import { SecurityEventKind, SecurityEventPage, StoredSecurityEvent } from '../../../shared/security/security-event.ts'
import { Installation, InstallationEvent, HostInstallation } from '../../../shared/redis/installations.ts'
import { TenantJob } from '../../../shared/redis/job-list.ts'
import { PoolCounts, WorkerInfo, WorkerLoad } from '../../../shared/redis/worker-registry.ts'
import { SessionWebhook, SessionWebhookEvent, Webhook, WebhookEvent } from '../../../shared/webhook.ts'
import { Attempt, AttemptError, Delivery, DeliveryState } from '../../../shared/webhooks/delivery.ts'
import { SessionWebhookBody } from '../../../shared/sessions/session-webhook.ts'
import { WebhookBody, WebhookTestBody } from '../../../shared/webhooks/webhook-body.ts'
import { TenantSecrets } from '../../../shared/webhooks/webhook-secrets.ts'
import { AcceptedBatch, Batch } from '../../../shared/batch.ts'
import { Runtime } from '../../../shared/runtime.ts'
import { TerminalSize } from '../../../shared/terminal-size.ts'

/**
 * The schemas of the contract that have a name in the document. Wherever one of them stands within another, there is a reference to
 * it: give a schema a name here when it is used in several places, or when readers look for it. What only one feature has is named by
 * its routes (`schemas`).
 */
export const COMPONENTS: Readonly<Record<string, TSchema>> = {
  AcceptedBatch,
  Allowed,
  ApiKey,
  Artifact,
  Attempt,
  AttemptError,
  Batch,
  Block,
  CheckTimes,
  Checker,
  CodeRequest,
  ContainerRequest,
  Delivery,
  DeliveryState,
  Encoding,
  FieldError,
  Finding,
  GapEvent,
  GroupJudging,
  HostInstallation,
  Installation,
  InstallationEvent,
  Interactor,
  Job,
  JobEvent,
  JobJudging,
  JobSummary,
  LimitOverrides,
  Limits,
  NewApiKey,
  OutputEvent,
  PoolCounts,
  Problem: ProblemBody,
  Rate,
  RequestFile,
  RequestGroup,
  RequestTest,
  ResultEvent,
  RunResult,
  Runtime,
  Scope,
  ScreeningPolicy,
  SecurityEvent: StoredSecurityEvent,
  SecurityEventKind,
  SecurityEventPage,
  Stage,
  StageEvent,
  StageSummary,
  StageTest,
  State,
  StateEvent,
  Status,
  StoredFile,
  TenantJob,
  TenantSecrets,
  TerminalSize,
  TestJudging,
  TestLimits,
  Verdict,
  PackagesEvent,
  WarningEvent,
  SessionWebhook,
  SessionWebhookBody,
  SessionWebhookEvent,
  Webhook,
  WebhookBody,
  WebhookTestBody,
  WebhookEvent,
  WorkerInfo,
  WorkerLoad,
}

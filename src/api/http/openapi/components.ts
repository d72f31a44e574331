import type { TSchema } from 'typebox'
import { ApiKey, Rate, Scope } from '../../../shared/access/api-key.ts'
import { NewApiKey } from '../../../shared/access/new-api-key.ts'
import { Artifact } from '../../../shared/artifact.ts'
import { Encoding, Job, JobSummary, Stage, StageSummary, StageTest, State, Status } from '../../../shared/job.ts'
import { GapEvent, JobEvent, OutputEvent, ResultEvent, StageEvent, StateEvent, WarningEvent } from '../../../shared/job-event.ts' // prettier-ignore
import { LimitOverrides, Limits } from '../../../shared/limits.ts'
import { FieldError, ProblemBody } from '../../../shared/problems.ts'
import { CodeRequest, ContainerRequest, RequestFile, RequestTest } from '../../../shared/requests.ts'
import { RunResult } from '../../../shared/run-result.ts'
import { Allowed, Block } from '../../../shared/security/blocks.ts'
import { Finding, ScreeningPolicy } from '../../../shared/security/finding.ts'
import { SecurityEventKind, SecurityEventPage, StoredSecurityEvent } from '../../../shared/security/security-event.ts'
import { Installation, InstallationEvent, HostInstallation } from '../../../shared/redis/installations.ts'
import { TenantJob } from '../../../shared/redis/job-list.ts'
import { PoolCounts, WorkerInfo, WorkerLoad } from '../../../shared/redis/worker-registry.ts'
import { Webhook, WebhookEvent } from '../../../shared/webhook.ts'
import { Attempt, AttemptError, Delivery, DeliveryState } from '../../../shared/webhooks/delivery.ts'
import { WebhookBody, WebhookTestBody } from '../../../shared/webhooks/webhook-body.ts'
import { TenantSecrets } from '../../../shared/webhooks/webhook-secrets.ts'
import { EofMessage, ResizeMessage, SignalMessage, StdinMessage } from '../../jobs/socket/read-message.ts'
import { AckMessage, ErrorMessage } from '../../jobs/socket/reply.ts'
import { AdminOverview, QueueView, RedisView, Series, SeriesPoint, Span } from '../../admin/read-overview.ts'
import { AdminJob, AdminJobPage } from '../../jobs/admin-jobs.ts'
import { AdminRuntime, AdminRuntimeList } from '../../runtimes/admin-runtimes.ts'
import { LoginRequest, SessionView } from '../../access/admin-session.ts'
import { AdminDelivery, AdminDeliveryPage } from '../../webhooks/admin-deliveries.ts'
import { ApiKeyList, CreatedApiKey } from '../../access/admin-keys.ts'
import { AllowedList, AllowRequest, BlockList, BlockRequest } from '../../admin/security.ts'
import { AcceptedBatch, Batch } from '../../../shared/batch.ts'
import { BatchRequest } from '../../batches/submit-batch.ts'
import { Health, Readiness } from '../../health/health.ts'
import { JobPage } from '../../jobs/list-jobs.ts'
import { Runtime } from '../../../shared/runtime.ts'
import { DeliveryPage, WebhookTest, WholeDelivery } from '../../webhooks/webhooks.ts'
import { TerminalSize } from '../../../shared/terminal-size.ts'

/**
 * The schemas that have a name in the document. Wherever one of them stands within another, there is a reference to it: give
 * a schema a name here when it is used in several places, or when readers look for it.
 */
export const COMPONENTS: Readonly<Record<string, TSchema>> = {
  AcceptedBatch,
  AckMessage,
  AdminDelivery,
  AdminDeliveryPage,
  AdminJob,
  AdminJobPage,
  AdminOverview,
  AdminRuntime,
  AdminRuntimeList,
  Allowed,
  AllowedList,
  AllowRequest,
  ApiKey,
  ApiKeyList,
  Artifact,
  Attempt,
  AttemptError,
  Batch,
  BatchRequest,
  Block,
  BlockList,
  BlockRequest,
  CodeRequest,
  ContainerRequest,
  CreatedApiKey,
  Delivery,
  DeliveryPage,
  DeliveryState,
  Encoding,
  EofMessage,
  ErrorMessage,
  FieldError,
  Finding,
  GapEvent,
  Health,
  HostInstallation,
  Installation,
  InstallationEvent,
  Job,
  JobEvent,
  JobPage,
  JobSummary,
  LimitOverrides,
  Limits,
  LoginRequest,
  NewApiKey,
  OutputEvent,
  PoolCounts,
  Problem: ProblemBody,
  QueueView,
  Rate,
  Readiness,
  RedisView,
  RequestFile,
  RequestTest,
  ResultEvent,
  RunResult,
  Runtime,
  ResizeMessage,
  Scope,
  ScreeningPolicy,
  SecurityEvent: StoredSecurityEvent,
  SecurityEventKind,
  SecurityEventPage,
  Series,
  SeriesPoint,
  SessionView,
  SignalMessage,
  Span,
  Stage,
  StageEvent,
  StageSummary,
  StageTest,
  State,
  StateEvent,
  Status,
  StdinMessage,
  TenantJob,
  TenantSecrets,
  TerminalSize,
  WarningEvent,
  Webhook,
  WebhookBody,
  WebhookTestBody,
  WebhookEvent,
  WebhookTest,
  WholeDelivery,
  WorkerInfo,
  WorkerLoad,
}

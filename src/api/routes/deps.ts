import type { Config } from '../../shared/config/config.ts'
import type { Language } from '../../shared/language.ts'
import type { ArtifactStore } from '../../shared/redis/artifact-store.ts'
import type { Batch } from '../../shared/redis/batch-record.ts'
import type { JobList } from '../../shared/redis/job-list.ts'
import type { Installations } from '../../shared/redis/installations.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import type { AdminSessions } from '../../shared/access/admin-sessions.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import type { Blocks } from '../../shared/security/blocks.ts'
import type { Tracing } from '../../shared/tracing/tracing.ts'
import type { SecurityEvents } from '../../shared/security/security-events.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import type { Revocations } from '../access/revocations.ts'
import type { QueueStanding } from '../load/queue-standing.ts'
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts'
import type { ByteGate } from '../byte-gate.ts'
import type { AdminOverviewDeps } from './admin/overview.ts'
import type { AdminWebhooksDeps } from './admin/webhooks.ts'
import type { BuiltPages } from '../pages/load-pages.ts'
import type { QueueBoard } from '../queue-board/queue-board.ts'
import type { WebhookDeps } from './webhooks.ts'
import type { RateLimiter } from '../rate-limit/rate-limiter.ts'
import type { EventFeed } from '../events/event-feed.ts'
import type { SocketDeps } from '../io/serve-socket.ts'
import type { Upgrades } from '../io/upgrades.ts'
import type { Intake } from '../intake/intake.ts'
import type { Cancel } from '../cancellation.ts'
import type { JobSubmission } from '../job-submission.ts'

/** What routes are built on. */
export interface RouteDeps {
  config: Config
  languages: readonly Language[]
  /** The workers and what they can run, as of at most a moment ago. */
  overview: () => Promise<Overview>
  /** How the queue stands, as of now. */
  queueStanding: () => Promise<QueueStanding>
  records: JobReader
  artifacts: Pick<ArtifactStore, 'get'>
  /** Room for output on its way to clients. */
  sending: ByteGate
  submission: JobSubmission
  cancel: Cancel
  jobList: JobList
  readBatch: (id: string) => Promise<Batch | undefined>
  intake: Intake
  feed: EventFeed
  /** For sockets to interactive jobs. */
  io: SocketDeps & { upgrades: Upgrades }
  access: { apiKeys: ApiKeys; revocations: Revocations; limiter: RateLimiter; sessions: AdminSessions }
  webhooks: WebhookDeps & AdminWebhooksDeps
  /** Loaded when it is first looked at. */
  queueBoard: () => Promise<QueueBoard>
  installations: Installations
  /** What operators look at. */
  figures: Omit<AdminOverviewDeps, 'overview'>
  /** Security events: recorded by whoever notices, read by operators. */
  events: SecurityEvents
  blocks: Blocks
  metrics: GatewayMetrics
  /** Undefined when there are no traces. */
  tracing: Tracing | undefined
  /** Undefined when they were not built. */
  pages: BuiltPages | undefined
  /** Answers when Redis does. @throws Problem `unavailable` when it does not within a second */
  pingRedis: () => Promise<void>
  /** The responses that stay open: whatever does is noted here first. */
  open: OpenResponses
  /** Aborts when the gateway closes. */
  closing: AbortSignal
}

import type { AdminOverview } from '../../shared/admin-overview.ts'
import type { ApiKey } from '../../shared/access/api-key.ts'
import type { NewApiKey } from '../../shared/access/new-api-key.ts'
import type {
  Environment,
  EnvironmentOrigin,
  PackageBan as SharedPackageBan,
} from '../../shared/environments/environment.ts'
import type { EnvironmentUse } from '../../shared/environments/environment-oversight.ts'
import type { AdminFilePage, TenantFile } from '../../shared/files/stored-file.ts'
import type { Job as AnyJob, JobSummary } from '../../shared/job.ts'
import type { JobTest } from '../../shared/judging/job-test.ts'
import type {
  AdminRuntime,
  AdminRuntimeGroup,
  InstallationEvent as SharedInstallationEvent,
} from '../../shared/redis/installations.ts'
import type { Allowed as SharedAllowed, Block as SharedBlock } from '../../shared/security/blocks.ts'
import type { StoredSecurityEvent } from '../../shared/security/security-event.ts'
import type { AdminSessionPage, TenantSession } from '../../shared/sessions/session.ts'
import type { Delivery as AnyDelivery } from '../../shared/webhooks/delivery.ts'

/** What the admin routes answer; docs/api.md tells of it. */

export type { Comparison } from '../../shared/judging/similarity.ts'
export type { JobTest }

export interface Page<Item> {
  items: Item[]
  /** A cursor; null when there is no more. */
  next: string | null
}

export type JobRow = JobSummary & { tenant: string }
export type Job = AnyJob & { tenant: string; canRunAgain: boolean }
export type FileRow = TenantFile
/** How full the file store is: of a tenant, or of all. */
export type FileStoreUse = Pick<AdminFilePage, 'storedBytes' | 'maxBytes'>
export type EnvironmentRow = Environment & EnvironmentUse & { firstAsked: EnvironmentOrigin }
export type EnvironmentDetails = EnvironmentRow & { log: string | null }
export type PackageBan = SharedPackageBan
export type NewPackageBan = Pick<PackageBan, 'ecosystem' | 'name'> & { version?: string; reason?: string }
export type SessionRow = TenantSession
/** Of the sessions that live: of a tenant, or of all. */
export type SessionUse = Pick<AdminSessionPage, 'count' | 'memoryBytes'>
export type SecurityEvent = StoredSecurityEvent
export type Block = SharedBlock
export type Allowed = SharedAllowed
export type Key = ApiKey
export type NewKey = NewApiKey
export type { Installation } from '../../shared/redis/installations.ts'
export type RuntimeRow = AdminRuntime
export type RuntimeGroup = AdminRuntimeGroup
export interface Runtimes {
  runtimes: RuntimeRow[]
  groups: RuntimeGroup[]
}
export type Overview = AdminOverview
export type { Series, SeriesPoint, Span } from '../../shared/admin-overview.ts'
/** What is told of an installation; it is streamed as the events of jobs are. */
export type InstallationEvent = { id: string } & SharedInstallationEvent
export type Delivery = Omit<AnyDelivery, 'url'> & { tenant: string; origin: string }
export interface AllowRequestBody {
  reason?: string
}

import type { ApiKey } from '../../shared/access/api-key.ts'
import type { NewApiKey } from '../../shared/access/new-api-key.ts'
import type { StoredFile } from '../../shared/files/stored-file.ts'
import type { Job as AnyJob, JobSummary, Status } from '../../shared/job.ts'
import type { Installation as SharedInstallation } from '../../shared/redis/installations.ts'
import type { WorkerInfo } from '../../shared/redis/worker-registry.ts'
import type { Allowed as SharedAllowed, Block as SharedBlock } from '../../shared/security/blocks.ts'
import type { StoredSecurityEvent } from '../../shared/security/security-event.ts'
import type { Delivery as AnyDelivery } from '../../shared/webhooks/delivery.ts'

/** What the admin routes answer; docs/api.md tells of it. */

export interface Page<Item> {
  items: Item[]
  /** A cursor; null when there is no more. */
  next: string | null
}

export type JobRow = JobSummary & { tenant: string }
export type Job = AnyJob & { tenant: string; canRunAgain: boolean }
export type FileRow = StoredFile & { tenant: string }
/** How full the file store is: of a tenant, or of all. */
export interface FileStoreUse {
  storedBytes: number
  maxBytes: number
}
export type SecurityEvent = StoredSecurityEvent
export type Block = SharedBlock
export type Allowed = SharedAllowed
export type Key = ApiKey
export type NewKey = NewApiKey
export type Installation = SharedInstallation
/** What is told of an installation; it is streamed as the events of jobs are. */
export type InstallationEvent = { id: string } & (
  | { type: 'host'; data: Installation['hosts'][string] & { host: string } }
  | { type: 'line'; data: { host: string; text: string } }
  | { type: 'result'; data: Installation }
  | { type: 'state' }
)
export type Delivery = Omit<AnyDelivery, 'url'> & { tenant: string; origin: string }
export interface AllowRequestBody {
  reason?: string
}

export type Priority = 'high' | 'normal' | 'low'

export interface Overview {
  at: string
  queue: {
    queued: number
    delayed: number
    running: number
    finished: number
    priorities: { priority: Priority; queued: number; longestWaitMs: number }[]
    waitingBytes: number
    storedBytes: number
  }
  slots: number
  pool: { ready: number; bound: number; lent: number; making: number }
  workers: WorkerInfo[]
  redis: {
    version: string
    usedMemoryBytes: number
    maxMemoryBytes: number
    clients: number
    commandsPerSecond: number
    uptimeSeconds: number
  }
}

export interface Times {
  p50: number | null
  p95: number | null
}

export interface Span {
  jobs: number
  outcomes: Partial<Record<Status, number>>
  latencyMs: Times
  waitMs: Times
}

export interface SeriesPoint extends Span {
  at: string
  queued: number | null
  running: number | null
}

export interface Series {
  at: string
  bucketSeconds: number
  points: SeriesPoint[]
  total: Span
}

export interface RuntimeRow {
  language: string
  name: string
  default: boolean
  hosts: { host: string; workers: number; version: string | null; installsOnRequest: boolean }[]
  installation: Installation | null
}

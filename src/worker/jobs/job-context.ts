import type { JobSpec, JobSummary } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import type { JobLifeCycle } from '../../shared/jobs/job-life-cycle.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { ArtifactStore } from '../../shared/redis/artifact-store.ts'
import type { Priority } from '../../shared/redis/job-queue.ts'
import type { ProblemStore } from '../../shared/judging/problem-store.ts'
import type { Logger } from 'pino'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { JobFiles } from '../files/job-files.ts'
import type { CompiledPrograms } from '../judging/compiled-programs.ts'
import type { SandboxPool } from '../sandbox/pool.ts'
import type { JobEnvironments } from './job-environments.ts'
import type { JobObserver } from './job-observer.ts'
import type { LiveInput } from './live-input.ts'
import type { RunningJobs } from './running-jobs.ts'

/** What a worker does with records. */
export type JobRecords = JobLifeCycle & Pick<JobReader, 'read'>

export interface JobContext {
  records: JobRecords
  stores: JobStores
  environments: JobEnvironments
  sandboxes: JobSandboxes
  queues: JobQueues
  notes: JobNotes
  running: RunningJobs
  input: LiveInput
  observer: JobObserver
  log: Logger
}

/** Stores of what jobs name and of what they leave behind. */
export interface JobStores {
  artifacts: Pick<ArtifactStore, 'put'>
  /** Those that jobs name. */
  problems: Pick<ProblemStore, 'content'>
  files: JobFiles
}

/** What is noted of jobs beside their records; never fails. */
export interface JobNotes {
  /** Counts the end of a job for the statistics. */
  ended: (job: JobSummary, delayMs: number) => void
  security: (event: SecurityEvent) => void
}

/** Where jobs run. */
export interface JobSandboxes {
  pool: SandboxPool
  /** @returns the language of a code job and the image it runs in. @throws Error naming what is not installed here */
  locate: (spec: Pick<JobSpec, 'head'>) => { language: Language | undefined; image: string }
  /** Between SIGTERM and SIGKILL, when a limit ends a stage. */
  graceMs: number
  /** Multiplies how long sandboxes may take beyond the limits of a job: `TIMEOUT_FACTOR`. */
  timeoutFactor: number
  /** Modules that the operator has imported ahead of jobs like this, where they have packages. */
  preloaded: (spec: Pick<JobSpec, 'head' | 'tenant' | 'tests'>) => readonly string[]
  /** Judges' programs that were compiled before. */
  compiled?: CompiledPrograms
}

/** What becomes of others that wait, when something becomes of a job. */
export interface JobQueues {
  /** Gives queued jobs other places. @throws when Redis refuses */
  reorder: (changes: readonly Priority[]) => Promise<void>
  /** Promotes jobs that were held: one of their tenant has ended. */
  promoteHeld: (ids: readonly string[]) => Promise<void>
  /** Queues a webhook delivery; an empty id is none. Never fails. */
  enqueueWebhook: (deliveryId: string) => Promise<void>
}

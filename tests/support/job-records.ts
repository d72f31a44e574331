import type { JobHead, JobSummary } from '../../src/shared/job.ts'
import { DEFAULT_LIMITS, MIB } from '../../src/shared/limits.ts'
import type { Redis } from 'ioredis'
import {
  type Admission,
  createJobAdmission,
  type JobAdmission,
  type QueueBounds,
  type SubmittedJob,
  type Submission,
} from '../../src/shared/jobs/job-admission.ts'
import { createJobLifeCycle, type JobLifeCycle, type Retention } from '../../src/shared/jobs/job-life-cycle.ts'
import { createJobReader, type JobReader } from '../../src/shared/jobs/job-reader.ts'
import type { Keys } from '../../src/shared/redis/keys.ts'

/** All that is done with records, whoever does it. */
export type JobRecords = JobAdmission & JobLifeCycle & JobReader

export const createJobRecords = (redis: Redis, keys: Keys, retention: Retention): JobRecords => ({
  ...createJobAdmission(redis, keys),
  ...createJobLifeCycle(redis, keys, retention),
  ...createJobReader(redis, keys),
})

/** Room for every test. */
export const BOUNDS: QueueBounds = {
  maxQueuedJobs: 1000,
  tenantMaxQueuedJobs: 1000,
  maxQueuedBytes: 64 * MIB,
  tenantMaxQueuedBytes: 64 * MIB,
}

export const RETENTION: Retention = {
  resultTtlSeconds: 100,
  tenantResultsKept: 100,
  maxStoredBytes: 64 * MIB,
  tenantMaxStoredBytes: 64 * MIB,
  keepRequests: true,
}

export const jobHead = (id: string): JobHead => ({
  id,
  kind: 'code',
  language: 'python',
  version: '3.13.5',
  image: null,
  interactive: false,
  limits: DEFAULT_LIMITS,
  metadata: {},
  warnings: [],
  createdAt: new Date().toISOString(),
})

export const submittedJob = (id: string, tenant = 'a', more: Partial<SubmittedJob> = {}): SubmittedJob => ({
  head: jobHead(id),
  tenant,
  maxRunningJobs: null,
  webhook: null,
  rank: 1,
  keptRequest: null,
  delayMs: 0,
  ...more,
})

/** A job that has succeeded, without stages. */
export const endedJob = (id: string, attempt = 1): JobSummary => ({
  ...jobHead(id),
  state: 'finished',
  status: 'succeeded',
  message: null,
  startedAt: new Date().toISOString(),
  finishedAt: new Date().toISOString(),
  attempt,
  stages: [],
})

/** A submission of these jobs, each of `size` bytes. */
export const submission = (
  jobs: SubmittedJob | SubmittedJob[],
  { size = 0, ...more }: Partial<Omit<Submission, 'jobs'>> & { size?: number } = {},
): Submission => ({
  jobs: [jobs].flat().map((job) => ({ ...job, size })),
  bounds: BOUNDS,
  idempotency: undefined,
  ...more,
})

export const admit = (records: JobAdmission, ...of: Parameters<typeof submission>): Promise<Admission> =>
  records.admit(submission(...of))

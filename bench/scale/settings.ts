import type { Retention } from '../../src/shared/jobs/job-life-cycle.ts'

/** Jobs at a time of each worker. */
export const SLOTS = 4

export const RETENTION: Retention = {
  resultTtlSeconds: 600,
  tenantResultsKept: 1e7,
  maxStoredBytes: 1e12,
  tenantMaxStoredBytes: 1e12,
  keepRequests: true,
}

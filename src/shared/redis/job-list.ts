import type { Redis } from 'ioredis'
import type { JobSummary, State, Status } from '../job.ts'
import type { JobRecords } from './job-record.ts'
import type { Keys } from './keys.ts'

export interface JobFilter {
  state?: State
  status?: Status
  language?: string
}

export interface JobPage {
  jobs: JobSummary[]
  /** Id after which the next page begins; undefined when there are no more. */
  next: string | undefined
}

export interface JobList {
  /**
   * A tenant's jobs, newest first. Ids are UUIDs of version 7, so their order is that of their making.
   * @param before the id after which this page begins
   * @returns at most `limit` jobs; fewer, with a `next`, when few of very many pass the filter
   */
  page: (tenant: string, options: { limit: number; before: string | undefined; filter: JobFilter }) => Promise<JobPage>
}

const CHUNK = 100
const MAX_CHUNKS = 20

export function createJobList(redis: Redis, keys: Keys, records: Pick<JobRecords, 'summaries'>): JobList {
  return {
    async page(tenant, { limit, before, filter }) {
      const index = keys.tenantJobs(tenant)
      const jobs: JobSummary[] = []
      let last = before
      for (let chunk = 0; chunk < MAX_CHUNKS; chunk++) {
        const from = last === undefined ? '+' : `(${last}`
        const ids = await redis.zrange(index, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, CHUNK)
        const found = await records.summaries(ids)
        const gone = ids.filter((id) => !found.has(id))
        if (gone.length > 0) await redis.zrem(index, ...gone)
        for (const id of ids) {
          last = id
          const job = found.get(id)?.job
          if (job && passes(job, filter)) jobs.push(job)
          if (jobs.length === limit) return { jobs, next: id }
        }
        if (ids.length < CHUNK) return { jobs, next: undefined }
      }
      return { jobs, next: last }
    },
  }
}

const passes = (job: JobSummary, { state, status, language }: JobFilter): boolean =>
  (state === undefined || job.state === state) &&
  (status === undefined || job.status === status) &&
  (language === undefined || job.language === language)

import type { Redis } from 'ioredis'
import Type, { type Static } from 'typebox'
import { JobSummary, type State, type Status } from '../job.ts'
import type { Keys } from './keys.ts'

export interface JobFilter {
  state?: State
  status?: Status
  language?: string
  endUser?: string
}

export interface JobPage<T = JobSummary> {
  jobs: T[]
  /** Id after which the next page begins; undefined when there are no more. */
  next: string | undefined
}

export interface PageOptions {
  limit: number
  /** The id after which this page begins. */
  before: string | undefined
  filter: JobFilter
}

/** A job as an operator sees it, without its output. */
export const TenantJob = Type.Object({ ...JobSummary.properties, tenant: Type.String() })
export type TenantJob = Static<typeof TenantJob>

export interface JobList {
  /**
   * A tenant's jobs, newest first. Ids are UUIDs of version 7, so their order is that of their making.
   * @returns at most `limit` jobs; fewer, with a `next`, when few of very many pass the filter
   */
  page: (tenant: string, options: PageOptions) => Promise<JobPage>
  /**
   * The same of all tenants, or of one.
   * @param idPrefix only jobs whose ids begin so
   */
  pageOfAll: (
    options: PageOptions & { tenant?: string | undefined; idPrefix?: string | undefined },
  ) => Promise<JobPage<TenantJob>>
}

/** Reads the jobs of these ids that there are, without their output. */
interface SummaryReader {
  summaries: (ids: readonly string[]) => Promise<Map<string, { job: JobSummary; tenant: string }>>
}

const CHUNK = 100
const MAX_CHUNKS = 20
/** After every id. */
const LAST = '~'

export function createJobList(redis: Redis, keys: Keys, records: SummaryReader): JobList {
  const scan = async (
    index: string,
    { limit, before, filter }: PageOptions,
    prefix = '',
  ): Promise<JobPage<TenantJob>> => {
    const jobs: TenantJob[] = []
    const until = prefix === '' ? '-' : `[${prefix}`
    let last = before
    for (let chunk = 0; chunk < MAX_CHUNKS; chunk++) {
      const from = last === undefined ? `(${prefix}${LAST}` : `(${last}`
      const ids = await redis.zrange(index, from, until, 'BYLEX', 'REV', 'LIMIT', 0, CHUNK)
      const found = await records.summaries(ids)
      const gone = ids.filter((id) => !found.has(id))
      if (gone.length > 0) await redis.zrem(index, ...gone)
      for (const id of ids) {
        last = id
        const record = found.get(id)
        if (record && passes(record.job, filter)) jobs.push({ ...record.job, tenant: record.tenant })
        if (jobs.length === limit) return { jobs, next: id }
      }
      if (ids.length < CHUNK) return { jobs, next: undefined }
    }
    return { jobs, next: last }
  }

  return {
    async page(tenant, options) {
      const { jobs, next } = await scan(keys.tenantJobs(tenant), options)
      return { jobs: jobs.map(({ tenant: _tenant, ...job }) => job), next }
    },
    pageOfAll: ({ tenant, idPrefix, ...options }) =>
      scan(tenant === undefined ? keys.allJobs : keys.tenantJobs(tenant), options, idPrefix),
  }
}

const passes = (job: JobSummary, { state, status, language, endUser }: JobFilter): boolean =>
  (state === undefined || job.state === state) &&
  (status === undefined || job.status === status) &&
  (language === undefined || job.language === language) &&
  (endUser === undefined || job.endUser === endUser)

import type { Redis } from 'ioredis'
import type { Job, JobSpec, JobSummary } from '../job.ts'
import type { Keys } from '../redis/keys.ts'
import { parseRecord, SUMMARY_FIELDS } from '../redis/record-fields.ts'
import { NO_OUTPUT, withTexts } from '../redis/stored-output.ts'

/** What is read of jobs' records. */
export interface JobReader {
  /** @returns the job without its output and its tenant, or undefined when there is none or it has expired */
  read(id: string): Promise<{ job: JobSummary; tenant: string } | undefined>
  /** The job with the output of its stages; undefined when it has expired in the meantime. */
  withOutput(job: JobSummary): Promise<Job | undefined>
  /** The request of a job that was to be kept, as JSON, and how long it is; undefined when there is none. */
  request(id: string): Promise<{ bytes: number; read: () => Promise<string | null> } | undefined>
  /** Whether there is something for `spec`. */
  hasSpec(id: string): Promise<boolean>
  /** What was asked for; undefined when that is not kept, or the job has not ended. */
  spec(id: string): Promise<JobSpec | undefined>
  /** The jobs of these ids that there are, without their output. */
  summaries(ids: readonly string[]): Promise<Map<string, { job: JobSummary; tenant: string }>>
}

/** @param bulk a connection for output, which may be long: what else is asked does not wait behind it */
export function createJobReader(redis: Redis, keys: Keys, bulk: Redis = redis): JobReader {
  return {
    async read(id) {
      return parseRecord(await redis.hmget(keys.job(id), ...SUMMARY_FIELDS))
    },
    async withOutput(job) {
      if (isSilent(job)) return { ...job, stages: withTexts(job.stages, NO_OUTPUT.bytes, '') }
      const [output, layout] = await bulk.hmgetBuffer(keys.job(job.id), 'output', 'layout')
      return output && layout ? { ...job, stages: withTexts(job.stages, output, String(layout)) } : undefined
    },
    async request(id) {
      const bytes = await redis.hstrlen(keys.job(id), 'request')
      return bytes === 0 ? undefined : { bytes, read: () => bulk.hget(keys.job(id), 'request') }
    },
    hasSpec: async (id) => (await redis.hexists(keys.job(id), 'spec')) === 1,
    async spec(id) {
      const found = await bulk.hget(keys.job(id), 'spec')
      return found === null ? undefined : (JSON.parse(found) as JobSpec)
    },
    async summaries(ids) {
      const pipeline = redis.pipeline()
      for (const id of ids) pipeline.hmget(keys.job(id), ...SUMMARY_FIELDS)
      const found = new Map<string, { job: JobSummary; tenant: string }>()
      for (const [index, [error, values]] of ((await pipeline.exec()) ?? []).entries()) {
        if (error) throw error
        const record = parseRecord(values as (string | null)[])
        if (record) found.set(ids[index] ?? '', record)
      }
      return found
    },
  }
}

/** Whether the job has not ended, or ended without having written anything: then no output is stored. */
export const isSilent = ({ stages }: JobSummary): boolean =>
  stages.every(({ stdoutBytes, stderrBytes }) => stdoutBytes === 0 && stderrBytes === 0)

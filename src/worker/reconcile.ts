import type { Logger } from 'pino'
import { MINUTE } from '../shared/limits.ts'
import type { JobQueue } from '../shared/redis/job-queue.ts'
import type { JobRecords } from '../shared/redis/job-record.ts'
import { type JobContext, storeLostJob } from './jobs/process-job.ts'

/** Long after a job was accepted it is in the queue, or never will be. */
const DOUBT_MS = MINUTE
const AT_ONCE = 200

export interface ReconcileOptions {
  records: JobRecords
  queue: JobQueue
  release: JobContext['release']
  announce: JobContext['announce']
  log: Logger
}

/**
 * Ends jobs whose records wait for something that will not come, since the queue does not know of them (any more): the gateway
 * was killed between the record and the queue, or Redis was away when the queue gave them up. Any worker does it, and more
 * than one may.
 * @returns how many
 * @throws when Redis fails
 */
export async function reconcile({ records, queue, release, announce, log }: ReconcileOptions): Promise<number> {
  let ended = 0
  for (const id of await records.doubtful(DOUBT_MS, AT_ONCE)) {
    const state = await queue.getJobState(id)
    if (state !== 'unknown' && state !== 'failed' && state !== 'completed') continue
    const found = await records.read(id)
    if (!found || found.job.status !== null) continue
    log.warn({ jobId: id, tenant: found.tenant, state: found.job.state }, 'job that the queue does not know was ended')
    await storeLostJob({ records, release, announce }, { head: found.job, tenant: found.tenant, maxRunningJobs: null })
    ended++
  }
  return ended
}

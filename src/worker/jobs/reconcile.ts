import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { MINUTE } from '../../shared/limits.ts'
import { changePriorities, type JobQueue, unknownTo } from '../../shared/redis/job-queue.ts'
import { type LostJobContext, storeLostJob } from './finish-job.ts'
import type { JobContext, JobRecords } from './job-context.ts'

/** Long after a job was accepted it is in the queue, or never will be. */
const DOUBT_MS = MINUTE

export interface ReconcileOptions {
  redis: Redis
  records: JobRecords
  queue: JobQueue
  queues: JobContext['queues']
  lost: LostJobContext['lost']
  notes: JobContext['notes']
  log: Logger
}

/**
 * Ends jobs whose records wait for something that will not come, since the queue does not know of them (any more): the gateway
 * was killed between the record and the queue, or Redis was away when the queue gave them up. And gives those that wait their
 * new places after the base of all places has moved. Any worker does it, and more than one may.
 * @returns how many were ended
 * @throws when Redis fails
 */
export async function reconcile(options: ReconcileOptions): Promise<number> {
  const { redis, records, queue, queues, lost, notes, log } = options
  for await (const changes of records.reorder()) await changePriorities(queue, changes)
  let ended = 0
  for await (const ids of records.doubtful(DOUBT_MS)) {
    for (const id of await unknownTo(redis, queue, ids)) {
      const found = await records.read(id)
      if (!found || found.job.status !== null) continue
      const { job, tenant } = found
      log.warn({ jobId: id, tenant, state: job.state }, 'job unknown to the queue was ended')
      await storeLostJob({ records, queues, lost, notes }, { head: job, tenant })
      ended++
    }
  }
  return ended
}

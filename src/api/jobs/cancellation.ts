import type { JobSummary } from '../../shared/job.ts'
import type { CountFinished } from '../../shared/metrics/finished-jobs.ts'
import type { JobQueue } from '../../shared/redis/job-queue.ts'
import type { JobLifeCycle } from '../../shared/jobs/job-life-cycle.ts'

/**
 * Ends a job: a queued one at once, a running one by its worker. Nothing happens to one that has ended.
 * @throws what Redis answered, when it fails
 */
export type Cancel = (job: JobSummary, tenant: string) => Promise<void>

/**
 * @param promoteHeld lets held jobs go. Never fails
 * @param enqueueWebhook queues a webhook delivery; an empty id is none. Never fails
 * @param finished counts a job that ended here
 * @param count takes the end of a job for the statistics. Never fails
 */
export function createCancel(
  queue: JobQueue,
  records: Pick<JobLifeCycle, 'cancel' | 'finish'>,
  promoteHeld: (ids: readonly string[]) => Promise<void>,
  enqueueWebhook: (deliveryId: string) => Promise<void>,
  finished: CountFinished,
  count: (job: JobSummary, delayMs: number) => void,
): Cancel {
  const cancel: Cancel = async (job, tenant) => {
    const state = await records.cancel(job.id)
    if (state !== 'queued') return
    const { state: _state, status: _status, ...rest } = job
    const cancelled: JobSummary = {
      ...rest,
      state: 'cancelled',
      status: 'cancelled',
      finishedAt: new Date().toISOString(),
    }
    // It goes from the queue with its end.
    const spec = (await queue.getJob(job.id).catch(() => undefined))?.data
    const { stored, delivery, promotable } = await records.finish(cancelled, tenant, { state: 'queued' }, { spec })
    // A worker took it in this moment: now it is running.
    if (!stored) return cancel(job, tenant)
    finished(job, 'cancelled')
    count(cancelled, spec?.delayMs ?? 0)
    await Promise.all([promoteHeld(promotable), enqueueWebhook(delivery)])
    // Should a worker have it after all, it finds the job finished.
    await queue.remove(job.id).catch(() => undefined)
  }
  return cancel
}

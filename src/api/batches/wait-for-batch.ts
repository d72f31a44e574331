import type { Batch } from '../../shared/batch.ts'
import type { Batch as BatchRecord } from '../../shared/redis/batch-record.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import { type BatchNeeds, jobsOf, viewOf } from './own-batch.ts'

/**
 * The batch when all of its jobs have ended, or as it is when the time is over or the signal aborts. They are waited for one
 * after another, the last first: by its end most of the others have ended, and one request listens for one job at a time.
 */
export async function waitForBatch(
  needs: Pick<BatchNeeds, 'records'> & { submission: JobSubmission },
  batch: BatchRecord,
  waitMs: number,
  signal: AbortSignal,
): Promise<Batch> {
  const deadline = Date.now() + waitMs
  const jobs = await jobsOf(needs, batch)
  const running = jobs.filter(({ status }) => status === null)
  for (const { id } of running.toReversed()) {
    const leftMs = deadline - Date.now()
    if (leftMs <= 0 || signal.aborted) break
    await needs.submission.waitForEnd(id, leftMs, signal)
  }
  return viewOf(batch, running.length === 0 ? jobs : await jobsOf(needs, batch))
}

import type { Response } from 'express'
import type { Batch } from '../../shared/batch.ts'
import type { JobSummary, State } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import type { Batch as BatchRecord } from '../../shared/redis/batch-record.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'

/** What it takes to find a batch and how far it is. */
export interface BatchNeeds {
  readBatch: (id: string) => Promise<BatchRecord | undefined>
  records: JobReader
}

/** The caller's batch, by its id in any letter case. @throws Problem `not-found` */
export async function ownBatch(
  { readBatch }: Pick<BatchNeeds, 'readBatch'>,
  res: Response,
  id: string,
): Promise<BatchRecord> {
  const batch = await readBatch(id.toLowerCase())
  if (!batch || batch.tenant !== res.locals.caller.tenant) {
    throw new Problem('not-found', 'the batch does not exist, or it has expired')
  }
  return batch
}

/** Its jobs in their order, without output. Those whose results have expired are no longer there. */
export async function jobsOf({ records }: Pick<BatchNeeds, 'records'>, batch: BatchRecord): Promise<JobSummary[]> {
  const found = await records.summaries(batch.jobIds)
  return batch.jobIds.flatMap((id) => found.get(id)?.job ?? [])
}

/** How far a batch is. */
export function viewOf({ id, createdAt }: BatchRecord, jobs: JobSummary[]): Batch {
  const inState = (state: State) => jobs.filter((job) => job.state === state).length
  const counts = {
    queued: inState('queued'),
    running: inState('running'),
    finished: inState('finished'),
    cancelled: inState('cancelled'),
  }
  return { id, createdAt, counts, jobs }
}

export const hasEnded = ({ counts }: Batch): boolean => counts.queued + counts.running === 0

import type { Response } from 'express'
import type { JobSummary } from '../../../shared/job.ts'
import { Problem } from '../../../shared/problems.ts'
import type { JobRecords } from '../../../shared/redis/job-record.ts'

/** The caller's job, without its output. @throws Problem `not-found` when there is none, or it is somebody else's: both are told alike */
export async function ownJob(records: Pick<JobRecords, 'read'>, res: Response, id: string): Promise<JobSummary> {
  const record = await records.read(id)
  if (!record || record.tenant !== res.locals.caller.tenant) {
    throw new Problem('not-found', 'there is no such job, or its result has expired')
  }
  res.locals.jobId = id
  return record.job
}

import type { Response } from 'express'
import type { JobSummary } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'

export interface FoundJob {
  /** Without its output. */
  job: JobSummary
  tenant: string
}

/**
 * Finds the job that a request is about, among those its caller may see, by its id in any letter case.
 * @throws Problem `not-found`
 */
export type FindJob = (res: Response, id: string) => Promise<FoundJob>

/** The caller's. One that is somebody else's is told like one that does not exist. */
export const ownJobs =
  (records: Pick<JobReader, 'read'>): FindJob =>
  async (res, id) => {
    const found = await records.read(id.toLowerCase())
    if (!found || found.tenant !== res.locals.caller.tenant) throw noJob()
    res.locals.jobId = found.job.id
    return found
  }

/** Everybody's, for operators. */
export const allJobs =
  (records: Pick<JobReader, 'read'>): FindJob =>
  async (res, id) => {
    const found = await records.read(id.toLowerCase())
    if (!found) throw noJob()
    res.locals.jobId = found.job.id
    return found
  }

const noJob = () => new Problem('not-found', 'the job does not exist, or its result has expired')

/** The caller's job, without its output. @throws Problem `not-found` */
export const ownJob = async (records: Pick<JobReader, 'read'>, res: Response, id: string): Promise<JobSummary> =>
  (await ownJobs(records)(res, id)).job

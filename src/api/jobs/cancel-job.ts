import type { Request, RequestHandler } from 'express'
import { SECOND } from '../../shared/limits.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { type FindJob, type FoundJob, ownJobs } from './own-job.ts'
import { withOutput } from './with-output.ts'

/** A program gets half a second to end by itself; the rest is for its worker. */
export const END_MS = 5 * SECOND

/**
 * 200 with the job that has ended, whoever ended it; 202 when its worker does not do so in time.
 * @param cancelled is told of a job that had not ended
 */
export function cancelJob(
  deps: Pick<RouteDeps, 'records' | 'sending' | 'submission' | 'cancel' | 'open'>,
  find: FindJob = ownJobs(deps.records),
  cancelled: (req: Request, found: FoundJob) => void = () => undefined,
): RequestHandler<{ id: string }> {
  const { submission, cancel, open } = deps
  return async (req, res) => {
    const found = await find(res, req.params.id)
    const { job, tenant } = found
    if (job.status !== null) return void res.json(await withOutput(deps, res, job))
    await cancel(job, tenant)
    cancelled(req, found)
    // Whoever has too much open must still be able to end jobs.
    const signal = open.watch(res)
    const ended = await whileKeyHolds(signal, submission.waitForEnd(job.id, END_MS, signal))
    if (ended) return void res.json(await withOutput(deps, res, ended))
    res.status(202).json(await withOutput(deps, res, (await find(res, job.id)).job))
  }
}

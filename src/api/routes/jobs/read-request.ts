import type { RequestHandler } from 'express'
import { Problem } from '../../../shared/problems.ts'
import type { RouteDeps } from '../deps.ts'
import { ownJob } from './own-job.ts'
import { enterUntilSent } from './with-output.ts'

/** The request that a job came of, when it was to be kept: a body for another one. */
export function readRequest({
  records,
  sending,
}: Pick<RouteDeps, 'records' | 'sending'>): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const job = await ownJob(records, res, req.params.id)
    const kept = await records.request(job.id)
    if (kept) await enterUntilSent(sending, res, kept.bytes)
    const request = await kept?.read()
    if (!request)
      throw new Problem(
        'not-found',
        'the request of this job was not kept; keepRequest has it kept when the job is submitted, unless KEEP_REQUESTS is off',
      )
    res.set('Cache-Control', 'private, no-cache').type('json').send(request)
  }
}

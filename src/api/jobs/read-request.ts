import type { RequestHandler } from 'express'
import { Problem } from '../../shared/problems.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { ownJob } from './own-job.ts'
import { enterUntilSent } from './with-output.ts'

const NOT_KEPT =
  'the request of this job was not kept: it is where keepRequest is true, unless the operator keeps none (KEEP_REQUESTS)'

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
    if (!request) throw new Problem('not-found', NOT_KEPT)
    res.set('Cache-Control', 'private, no-cache').type('json').send(request)
  }
}

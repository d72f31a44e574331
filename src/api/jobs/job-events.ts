import type { RequestHandler } from 'express'
import type { RouteDeps } from '../routes/deps.ts'
import { streamJob } from './stream-job.ts'
import { type FindJob, ownJobs } from './own-job.ts'

/** A job's events as server-sent events, from the one after `Last-Event-ID` to its result. */
export function jobEvents(
  { records, feed, open }: Pick<RouteDeps, 'records' | 'feed' | 'open'>,
  find: FindJob = ownJobs(records),
): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { job } = await find(res, req.params.id)
    if (req.method === 'HEAD') return void res.type('text/event-stream').end()
    await streamJob(feed, res, job, req.get('last-event-id'), open.hold(res))
  }
}

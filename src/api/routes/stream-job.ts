import type { Response } from 'express'
import { type Job, summarize } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import { BEGINNING } from '../events/event-feed.ts'
import type { StoredEvent } from '../events/live-events.ts'
import { goneSignal, sendEvents } from '../http/sse.ts'
import type { RouteDeps } from './deps.ts'

/**
 * Streams a job's events from the one after `lastEventId`, or from the first. A client that has had all of a finished job
 * gets 204, which is how a server tells an EventSource not to come back.
 * @throws Problem `invalid-header` when `lastEventId` is not an id this service gave
 */
export async function streamJob(
  { feed, closing }: Pick<RouteDeps, 'feed' | 'closing'>,
  res: Response,
  job: Job,
  lastEventId: string | undefined,
): Promise<void> {
  const after = lastEventId === undefined || lastEventId === '' ? BEGINNING : lastEventId
  if (!/^\d{1,15}-\d{1,15}$/.test(after)) {
    throw unknownEvent()
  }
  const signal = goneSignal(res, closing)
  if (job.status === null && !(await feed.known(job.id, after))) throw unknownEvent()
  if (job.status === null) return sendEvents(res, feed.read(job.id, after, signal), signal)
  const stored = await feed.rest(job.id, after)
  if (stored === undefined) return sendEvents(res, only(resultOf(job, after)), signal)
  if (stored === 'read') return void res.status(204).end()
  return sendEvents(res, feed.read(job.id, after, signal), signal)
}

/** The result of a job whose events have gone before its record. */
function resultOf(job: Job, id: string): StoredEvent {
  return { id, type: 'result', data: JSON.stringify({ ...job, stages: job.stages.map(summarize) }) }
}

const unknownEvent = () => new Problem('invalid-header', 'Last-Event-ID must be the id of an event of this job')

async function* only(event: StoredEvent): AsyncGenerator<StoredEvent> {
  yield event
}

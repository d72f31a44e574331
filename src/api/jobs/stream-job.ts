import type { Response } from 'express'
import type { JobSummary } from '../../shared/job.ts'
import { Problem } from '../../shared/problems.ts'
import { BEGINNING, type EventFeed, isEventId } from '../events/event-feed.ts'
import type { StoredEvent } from '../events/live-events.ts'
import { sendEvents } from '../http/sse.ts'

/**
 * Streams a job's events from the one after `lastEventId`, or from the first. A client that has had all of a finished job
 * gets 204, which is how a server tells an EventSource not to come back.
 * @param signal aborts when the response is to end
 * @throws Problem `invalid-header` when `lastEventId` is not an id this service gave
 */
export async function streamJob(
  feed: EventFeed,
  res: Response,
  job: JobSummary,
  lastEventId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const after = lastEventId === undefined || lastEventId === '' ? BEGINNING : lastEventId
  const read = await eventsAfter(feed, job, after)
  if (!read) throw new Problem('invalid-header', 'Last-Event-ID must be the id of an event of this job')
  if (read.over) return void res.status(204).end()
  return sendEvents(res, read.events(signal), signal)
}

/**
 * The events of a job after this one, to its end. `over`: there are none and there will be none.
 * @param after BEGINNING, or an event's id
 * @returns undefined when `after` is not the id of an event of the job
 */
export async function eventsAfter(
  feed: EventFeed,
  job: JobSummary,
  after: string,
): Promise<{ over: boolean; events: (signal: AbortSignal) => Promise<AsyncIterable<StoredEvent>> } | undefined> {
  if (!isEventId(after)) return undefined
  if (job.status === null && !(await feed.known(job.id, after))) return undefined
  const stored = job.status === null ? 'more' : await feed.rest(job.id, after)
  if (stored === undefined) return { over: false, events: async () => only(resultOf(job, after)) }
  return {
    over: stored === 'read',
    events: async (signal) => (stored === 'read' ? none() : feed.read(job.id, after, signal)),
  }
}

/** The result of a job whose events have gone before its record. */
function resultOf(job: JobSummary, id: string): StoredEvent {
  return { id, type: 'result', data: JSON.stringify(job) }
}

async function* only(event: StoredEvent): AsyncGenerator<StoredEvent> {
  yield event
}

async function* none(): AsyncGenerator<StoredEvent> {
  // Nothing.
}

import Type from 'typebox'
import { GapEvent, JobEvent } from '../../shared/job-event.ts'
import type { EventFeed } from '../events/event-feed.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { eventStream } from '../http/openapi/examples/results.ts'
import { PATH } from '../http/parameters.ts'
import { type Answer, defineRoute, type RouteRequest } from '../http/route.ts'
import { eventStreamOf } from '../http/sse.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { type FindJob, ownJobs } from './own-job.ts'
import { streamJob } from './stream-job.ts'

export interface EventsNeeds {
  records: JobReader
  feed: EventFeed
  open: OpenResponses
}

/** @param examples of a whole stream */
export const eventAnswers = (examples?: Answer['examples']) =>
  ({
    200: { ...eventStreamOf(Type.Union([JobEvent, GapEvent])), ...(examples && { examples }) },
    204: { description: 'You have received `result`; no more events follow.' },
  }) as const satisfies Record<number, Answer>

export const streamJobEvents = defineRoute({
  method: 'get',
  path: '/v1/jobs/:id/events',
  id: 'streamJobEvents',
  tag: 'Jobs',
  summary: 'Follow a job',
  description:
    'Server-sent events, each with `event`, `id` and one line of JSON as `data`: `state`, `stage`, `stdout`, `stderr`, ' +
    '`warning`, `packages` while it waits for them, `gap`, and `result` as the last. The stream always begins with the first event of the job. ' +
    '`Last-Event-ID` resumes it after a lost connection, without losing or repeating events. A comment line follows ' +
    'every 15 s.\n\n' +
    'In the schema, `type` is the value of `event`.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job },
  headers: ['Last-Event-ID'],
  answers: eventAnswers({ hello: { summary: 'A program that says hello', value: eventStream } }),
  problems: ['invalid-header', 'too-many-open'],
  handle: (needs: EventsNeeds, request) => sendJobEvents(needs, ownJobs(needs.records), request),
})

/** A job's events as server-sent events, from the one after `Last-Event-ID` to its result. */
export async function sendJobEvents(
  { feed, open }: Pick<EventsNeeds, 'feed' | 'open'>,
  find: FindJob,
  { req, res, params }: Pick<RouteRequest<'/:id'>, 'req' | 'res' | 'params'>,
): Promise<void> {
  const { job } = await find(res, params.id)
  if (req.method === 'HEAD') return void res.type('text/event-stream').end()
  await streamJob(feed, res, job, req.get('last-event-id'), open.admit(res))
}

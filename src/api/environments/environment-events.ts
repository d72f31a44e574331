import Type from 'typebox'
import { EnvironmentEvent, isOver } from '../../shared/environments/environment.ts'
import { GapEvent } from '../../shared/job-event.ts'
import { Problem } from '../../shared/problems.ts'
import { BEGINNING, type EventFeed, isEventId } from '../events/event-feed.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf, sendEvents } from '../http/sse.ts'
import type { EnvironmentRequests } from './environment-requests.ts'

export interface EventNeeds {
  requests: Pick<EnvironmentRequests, 'stateOf'>
  feed: EventFeed
  open: OpenResponses
}

export const streamEnvironmentEvents = defineRoute({
  method: 'get',
  path: '/v1/environments/:id/events',
  id: 'streamEnvironmentEvents',
  tag: 'Environments',
  summary: 'Follow an installation',
  description:
    'Server-sent events with what is being done, such as `installing numpy 2.3.1`, from the first to `ready` or `failed`. `Last-Event-ID` resumes the ' +
    'stream after a lost connection.\n\nIn the schema, `type` is the value of `event`.',
  scopes: ['jobs'],
  params: { id: PATH.environment },
  headers: ['Last-Event-ID'],
  answers: {
    200: eventStreamOf(Type.Union([EnvironmentEvent, GapEvent])),
    204: { description: 'You have received the last event; no more follow.' },
  },
  problems: ['invalid-header', 'too-many-open'],
  schemas: { EnvironmentEvent },
  async handle({ requests, feed, open }: EventNeeds, { req, res, caller, params }) {
    const environment = await requests.stateOf(caller.tenant, params.id)
    const { id } = environment
    if (req.method === 'HEAD') return void res.type('text/event-stream').end()
    const after = req.get('last-event-id') || BEGINNING
    const hasEnded = isOver(environment)
    if (!isEventId(after) || (!hasEnded && !(await feed.known(id, after))))
      throw new Problem('invalid-header', 'Last-Event-ID must be the id of an event of this environment')
    if (hasEnded && (await feed.rest(id, after)) !== 'more') return void res.status(204).end()
    const signal = open.admit(res)
    await sendEvents(res, feed.read(id, after, signal), signal)
  },
})

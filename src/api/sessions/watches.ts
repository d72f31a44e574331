import type { Request, Response } from 'express'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { Problem } from '../../shared/problems.ts'
import { GapEvent } from '../../shared/job-event.ts'
import { FileChange, Watch } from '../../shared/sessions/session.ts'
import { SessionEvent } from '../../shared/sessions/session-event.ts'
import { BEGINNING, compareIds, isEventId } from '../events/event-feed.ts'
import type { StoredEvent } from '../events/live-events.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf, sendEvents } from '../http/sse.ts'
import { CALL_PROBLEMS } from './executions.ts'
import { checkPath } from './files.ts'
import { ownSession, type SessionNeeds, sessionOf } from './needs.ts'
import { badEventId, NO_MORE_EVENTS } from './read-result.ts'
import { storedEvents } from './stored-events.ts'

const WatchRequest = Type.Object(
  {
    path: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1024, description: 'the folder; the working folder when absent' }),
    ),
    recursive: Type.Optional(Type.Boolean({ description: 'with what is in its folders; `false` when absent' })),
  },
  { additionalProperties: false },
)
const WatchList = Type.Object({ watches: Type.Array(Watch) })

export const createWatch = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/watches',
  id: 'createWatch',
  tag: 'Sessions',
  summary: 'Watch a folder of a session',
  description:
    'What changes in it from now on becomes events `files`. It is looked at some times a second: many changes of a file between two ' +
    'looks are one, and a file that came and went is none. At most 8 watches in a session, each of at most 10,000 entries.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: WatchRequest,
    examples: { tree: { summary: 'A folder and all below it', value: { path: 'out', recursive: true }, refused: 404 } },
  },
  answers: { 201: { description: 'It is watched.', schema: Watch } },
  problems: [...CALL_PROBLEMS, 'file-conflict'],
  schemas: { WatchRequest, Watch, FileChange },
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    const path = body.path === undefined || body.path === '.' ? '.' : checkPath(body.path, '/path')
    const asked = { id: uuid(), path, recursive: body.recursive ?? false }
    send(201, (await calls.call(sessionOf(res, params.id), 'watchFolder', asked)).value)
  },
})

export const listWatches = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/watches',
  id: 'listWatches',
  tag: 'Sessions',
  summary: 'List the watches of a session',
  scopes: ['sessions'],
  params: { id: PATH.session },
  answers: { 200: { description: 'Those that have not ended, oldest first.', schema: WatchList } },
  cache: 'private, no-cache',
  problems: CALL_PROBLEMS,
  schemas: { WatchList },
  async handle({ calls }: SessionNeeds, { res, params, send }) {
    send(200, { watches: (await calls.call(sessionOf(res, params.id), 'listWatches', {})).value })
  },
})

export const streamWatchEvents = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/watches/:watch/events',
  id: 'streamWatchEvents',
  tag: 'Sessions',
  summary: 'Follow a watched folder',
  description:
    'Server-sent events: `files` with what changed, `watch` when more came to be in it than can be watched, or less again. It ends with ' +
    'the watch. `Last-Event-ID` resumes it; `gap` stands for events that are no longer kept: list the folder then.',
  scopes: ['sessions'],
  params: { id: PATH.session, watch: PATH.watch },
  headers: ['Last-Event-ID'],
  answers: {
    200: eventStreamOf(Type.Union([SessionEvent, GapEvent])),
    204: NO_MORE_EVENTS,
  },
  problems: [...CALL_PROBLEMS, 'invalid-header', 'too-many-open'],
  async handle(needs: SessionNeeds, { req, res, params }) {
    await sendWatchEvents(needs, req, res, params)
  },
})

async function sendWatchEvents(
  needs: SessionNeeds,
  req: Request,
  res: Response,
  of: { id: string; watch: string },
): Promise<void> {
  const session = await ownSession(needs, res, of.id)
  const id = of.watch.toLowerCase()
  const after = req.get('last-event-id') || BEGINNING
  if (!isEventId(after)) throw badEventId()
  const signal = needs.open.admit(res)
  if (session.state === 'ended') {
    if ((await needs.feed.rest(session.id, after)) !== 'more') return void res.status(204).end()
  } else {
    const { value: watches } = await needs.calls.call(sessionOf(res, session.id), 'listWatches', {})
    const isThere = watches.some((watch) => watch.id === id)
    if (!(await needs.feed.known(session.id, after))) throw badEventId()
    // Who was away when it ended has its end to come.
    const rest = isThere ? 'more' : await restOf(needs.feed, session.id, id, after, signal)
    if (rest === undefined) throw noWatch()
    if (rest === 'told') return void res.status(204).end()
  }
  if (req.method === 'HEAD') return void res.type('text/event-stream').end()
  const events = await needs.feed.read(session.id, after, signal)
  await sendEvents(res, watchEventsOf(events, id, after === BEGINNING), signal)
}

/** What is stored of a watch that has ended: more behind this event, no more since its end is `told`, or nothing. */
async function restOf(
  feed: SessionNeeds['feed'],
  session: string,
  id: string,
  after: string,
  signal: AbortSignal,
): Promise<'more' | 'told' | undefined> {
  if (after === BEGINNING) return undefined
  const stored = storedEvents(feed, session, BEGINNING, await feed.last(session), signal)
  let rest: 'more' | undefined
  for await (const event of watchEventsOf(stored, id, true)) {
    if (event.type !== 'watch' && event.type !== 'files') continue
    // Where its end is not stored yet, that is on its way.
    rest = 'more'
    if (compareIds(event.id, after) > 0) return rest
    if (event.type === 'watch' && (JSON.parse(event.data) as { state?: unknown }).state === 'ended') return 'told'
  }
  return rest
}

/**
 * Those of one watch, to its end, and where some are missing.
 * @param isWhole whether all events of the session are read: what is missing before the first of the watch is none of it
 */
export async function* watchEventsOf(
  events: AsyncIterable<StoredEvent>,
  id: string,
  isWhole: boolean,
): AsyncGenerator<StoredEvent> {
  let gap: StoredEvent | undefined
  let isBefore = isWhole
  for await (const event of events) {
    if (event.type === 'gap' && isBefore) gap = event
    else if (event.type === 'gap') yield event
    if (event.type === 'ended') {
      yield event
      return
    }
    if ((event.type !== 'watch' && event.type !== 'files') || !event.data.includes(id)) continue
    const data = JSON.parse(event.data) as { id?: unknown; watch?: unknown; state?: unknown }
    if (event.type === 'watch' ? data.id !== id : data.watch !== id) continue
    if (gap && (event.type !== 'watch' || data.state !== 'watching')) yield gap
    gap = undefined
    isBefore = false
    yield event
    if (event.type === 'watch' && data.state === 'ended') return
  }
}

export const deleteWatch = defineRoute({
  method: 'delete',
  path: '/v1/sessions/:id/watches/:watch',
  id: 'deleteWatch',
  tag: 'Sessions',
  summary: 'End a watch',
  scopes: ['sessions'],
  params: { id: PATH.session, watch: PATH.watch },
  answers: { 200: { description: 'The ended watch.', schema: Watch } },
  problems: CALL_PROBLEMS,
  async handle({ calls }: SessionNeeds, { res, params, send }) {
    const asked = { id: params.watch.toLowerCase() }
    send(200, (await calls.call(sessionOf(res, params.id), 'unwatchFolder', asked)).value)
  },
})

const noWatch = () => new Problem('not-found', 'the session has no such watch, or it has ended')

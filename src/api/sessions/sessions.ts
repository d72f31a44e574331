import type { Request, Response } from 'express'
import Type from 'typebox'
import { ENVIRONMENT_FAULTS } from '../../shared/environments/environment.ts'
import { SECOND } from '../../shared/limits.ts'
import { SessionChange, SessionRequest } from '../../shared/sessions/requests.ts'
import { Session, SESSION_STATES } from '../../shared/sessions/session.ts'
import { SessionEvent } from '../../shared/sessions/session-event.ts'
import { acceptedSession } from '../../shared/sessions/session-records.ts'
import { GapEvent } from '../../shared/job-event.ts'
import { BEGINNING, isEventId } from '../events/event-feed.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { preferredWait } from '../http/prefer.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf, sendEvents } from '../http/sse.ts'
import { bodyValidator } from '../http/validate.ts'
import { runningSession } from './examples.ts'
import { ownSession, type SessionNeeds, sessionOf } from './needs.ts'
import { badEventId } from './read-result.ts'
import { checkTimes } from './session-request.ts'
import { acceptSession, closeSession, prepareSession } from './start-session.ts'

const PLACE = '/v1/sessions'
const sessionRequest = bodyValidator(SessionRequest)
/** What is told of a session that was accepted. */
const ACCEPTED = ['Location', 'Preference-Applied', 'Idempotent-Replayed'] as const
const sessionExample = { running: { summary: 'A session with a kernel', value: runningSession } }

export const createSession = defineRoute({
  method: 'post',
  path: '/v1/sessions',
  id: 'createSession',
  tag: 'Sessions',
  summary: 'Start a session',
  description:
    'A session is a sandbox that stays: its files, processes and interpreters keep their state between calls. It ends when ' +
    'you end it, when nothing happens in it for `idleTimeoutMs`, or after `maxLifetimeMs`.\n\n' +
    'Returns 201 with the state `starting`; what is sent to it meanwhile waits. `Prefer: wait=N` waits until it runs. With ' +
    '`dependencies` it returns when they are installed; where that takes longer than 25 s, it is `unavailable` until they are.',
  scopes: ['sessions'],
  headers: ['Prefer', 'Idempotency-Key'],
  body: {
    schema: SessionRequest,
    examples: { python: { summary: 'Python, with a kernel', value: { language: 'python' } } },
    checkedBy: 'handler',
  },
  answers: {
    201: {
      description: 'The session.',
      schema: Session,
      headers: ACCEPTED,
      examples: sessionExample,
    },
  },
  problems: [
    'invalid-header',
    'submission-blocked',
    'unknown-language',
    'language-not-installed',
    'idempotency-mismatch',
    'too-many-open',
    'too-many-sessions',
    'sessions-full',
    'session-ended',
    'session-lost',
    'tenant-queue-full',
    ...ENVIRONMENT_FAULTS,
  ],
  // The session was accepted, and did not get to run, or not in time: it can be read there.
  problemHeaders: {
    'session-ended': ACCEPTED,
    'session-lost': ACCEPTED,
    unavailable: ACCEPTED,
    unauthenticated: ACCEPTED,
  },
  schemas: { SessionRequest },
  async handle(needs: SessionNeeds, request) {
    const { calls, open } = needs
    const { req, res, body, caller, requestId, send } = request
    await needs.starting.limitEndUsers(request, 'job')
    const idempotency = idempotencyOf(req, PLACE)
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    let admitted: AbortSignal | undefined
    const admit = () => (admitted ??= open.admit(res))
    const isRepeated = idempotency !== undefined && (await needs.records.isRepeated(caller.tenant, idempotency))
    const spec = await prepareSession(needs, sessionRequest(body), { caller, requestId, admit, isRepeated })
    // Before anything is accepted: there may be no room for one more that waits.
    const signal = waitSeconds > 0 ? admit() : undefined
    const { id, replayed } = await acceptSession(needs, spec, caller, idempotency)
    if (replayed) res.set('Idempotent-Replayed', 'true')
    res.location(`${PLACE}/${id}`)
    if (!signal) return send(201, replayed ? await ownSession(needs, res, id) : acceptedSession(spec))
    res.set('Preference-Applied', `wait=${waitSeconds}`)
    // It answers as soon as it runs.
    const late = AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * SECOND)])
    const answered = calls.call(sessionOf(res, id), 'read', {}, { signal: late }).catch((error: unknown) => {
      if (!late.aborted) throw error
    })
    const running = await whileKeyHolds(signal, answered)
    send(201, running?.value ?? (await ownSession(needs, res, id)))
  },
})

const ListQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 20 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
    state: Type.Optional(Type.Enum(SESSION_STATES)),
  },
  { additionalProperties: false },
)
const SessionPage = Type.Object({
  sessions: Type.Array(Session),
  next: Type.Union([Type.String(), Type.Null()], { description: 'the `cursor` of the next page; `null` on the last' }),
})
const DEFAULT_LIMIT = 20
/** Sessions that are looked through for one page of those in a state. */
const LOOKED_AT = 500

export const listSessions = defineRoute({
  method: 'get',
  path: '/v1/sessions',
  id: 'listSessions',
  tag: 'Sessions',
  summary: 'List your sessions',
  description: 'Newest first. New sessions do not shift the pages.',
  scopes: ['sessions'],
  query: ListQuery,
  answers: {
    200: {
      description: 'One page.',
      schema: SessionPage,
      examples: { page: { summary: 'The last page', value: { sessions: [runningSession], next: null } } },
    },
  },
  cache: 'private, no-cache',
  schemas: { SessionPage },
  async handle({ records }: SessionNeeds, { caller, query, send }) {
    const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit)
    const sessions: Session[] = []
    let before = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
    let isLast = false
    for (let seen = 0; sessions.length < limit && seen < LOOKED_AT && !isLast;) {
      const page = await records.list(caller.tenant, limit, before)
      isLast = page.length < limit
      seen += page.length
      for (const session of page) {
        if (sessions.length === limit) {
          isLast = false
          break
        }
        before = session.id
        if (query.state === undefined || session.state === query.state) sessions.push(session)
      }
    }
    send(200, { sessions, next: isLast || before === undefined ? null : encodeCursor(before) })
  },
})

export const readSession = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id',
  id: 'readSession',
  tag: 'Sessions',
  summary: 'Read a session',
  description: 'An ended session stays for 24 hours, unless the operator changes that.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  answers: { 200: { description: 'The session.', schema: Session, examples: sessionExample } },
  cache: 'private, no-cache',
  schemas: { Session },
  async handle(needs: SessionNeeds, { res, params, send }) {
    send(200, await ownSession(needs, res, params.id))
  },
})

export const changeSession = defineRoute({
  method: 'patch',
  path: '/v1/sessions/:id',
  id: 'changeSession',
  tag: 'Sessions',
  summary: 'Extend a session',
  description: 'Changes its times; both count anew from when they began: the last use, and the start.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: SessionChange,
    examples: { longer: { summary: 'Two hours from its start', value: { maxLifetimeMs: 7_200_000 }, refused: 404 } },
  },
  answers: { 200: { description: 'The session.', schema: Session, examples: sessionExample } },
  problems: ['session-ended', 'session-lost', 'session-busy'],
  schemas: { SessionChange },
  async handle({ calls, config }: SessionNeeds, { res, params, body, send }) {
    const errors = checkTimes(body, config.sessions.maxLifetimeMs)
    if (errors.length > 0) throw invalidRequest(errors)
    send(200, (await calls.call(sessionOf(res, params.id), 'extend', body)).value)
  },
})

export const endSession = defineRoute({
  method: 'delete',
  path: '/v1/sessions/:id',
  id: 'endSession',
  tag: 'Sessions',
  summary: 'End a session',
  description: 'Everything in it is gone then. A session that has ended does not change; the answer is 200 too.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  answers: {
    200: { description: 'The ended session.', schema: Session },
    202: { description: 'The session is still ending: its worker took longer than 5 s.', schema: Session },
  },
  async handle(needs: SessionNeeds, { res, params, send }) {
    const ended = await closeSession(needs, sessionOf(res, params.id), () => ownSession(needs, res, params.id))
    if (ended.state === 'ended') return send(200, ended)
    send(202, ended)
  },
})

/** What streams of a session's events answer, and are refused for. */
export const SESSION_EVENTS = {
  answers: {
    200: eventStreamOf(Type.Union([SessionEvent, GapEvent])),
    204: { description: 'You have received `ended`; no more events follow.' },
  },
  problems: ['invalid-header', 'too-many-open'],
} as const

export const streamSessionEvents = defineRoute({
  ...SESSION_EVENTS,
  method: 'get',
  path: '/v1/sessions/:id/events',
  id: 'streamSessionEvents',
  tag: 'Sessions',
  summary: 'Follow a session',
  description:
    'Server-sent events of all that happens in it, each with `event`, `id` and one line of JSON as `data`; `ended` is the last. ' +
    '`Last-Event-ID` resumes the stream after a lost connection. The last 8 MiB of events are kept; `gap` stands for older ones.\n\n' +
    'In the schema, `type` is the value of `event`.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  headers: ['Last-Event-ID'],
  schemas: { SessionEvent },
  async handle(needs: SessionNeeds, { req, res, params }) {
    await sendSessionEvents(needs, await ownSession(needs, res, params.id), req, res)
  },
})

/** Sends the events of a session from where the reader has got to, to its end. @throws Problem */
export async function sendSessionEvents(
  { feed, open }: Pick<SessionNeeds, 'feed' | 'open'>,
  session: Session,
  req: Request,
  res: Response,
): Promise<void> {
  if (req.method === 'HEAD') return void res.type('text/event-stream').end()
  const last = req.get('last-event-id')
  const after = last === undefined || last === '' ? BEGINNING : last
  if (!isEventId(after)) throw badEventId()
  if (session.state !== 'ended' && !(await feed.known(session.id, after))) throw badEventId()
  if (session.state === 'ended' && (await feed.rest(session.id, after)) !== 'more') return void res.status(204).end()
  const signal = open.admit(res)
  await sendEvents(res, feed.read(session.id, after, signal), signal)
}

import type { Request, Response } from 'express'
import Type from 'typebox'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { Command, Execution, Session } from '../../shared/sessions/session.ts'
import { BEGINNING, compareIds, isEventId } from '../events/event-feed.ts'
import type { StoredEvent } from '../events/live-events.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { MAX_WAIT_SECONDS } from '../http/prefer.ts'
import { sendEvents } from '../http/sse.ts'
import { answeredOrStored, ownSession, type SessionNeeds, sessionOf } from './needs.ts'
import { storedEvents } from './stored-events.ts'

interface Results {
  execution: Execution
  command: Command
}

const OPERATIONS = { execution: 'readExecution', command: 'readCommand' } as const

/** How long a read waits for the end of what runs. */
export const WaitQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,9}$', description: 'whole seconds to wait for the end; at most 60 count' }),
    ),
  },
  { additionalProperties: false },
)

/**
 * What ran in a session, or runs there: of its worker, or as it is stored once the session has ended.
 * @param wait whole seconds to wait for its end
 * @throws Problem
 */
export async function readResult<Kind extends keyof Results>(
  needs: SessionNeeds,
  res: Response,
  kind: Kind,
  of: { session: string; id: string },
  wait = '0',
): Promise<Results[Kind]> {
  const session = await ownSession(needs, res, of.session)
  const id = of.id.toLowerCase()
  if (session.state === 'ended') return stored(needs, session, kind, id)
  const seconds = Math.min(Number(wait), MAX_WAIT_SECONDS)
  const signal = seconds > 0 ? needs.open.admit(res) : undefined
  const answer = ask(needs, res, session, kind, id, { waitMs: seconds * SECOND, ...(signal && { signal }) })
  return signal ? whileKeyHolds(signal, answer) : answer
}

/** What is answered where nothing follows: an EventSource then does not come back. */
export const NO_MORE_EVENTS = {
  description: 'You have received the last event, or it is no longer stored; no more events follow.',
} as const

/** Of a `Last-Event-ID` that is none, or that of no event so far. */
export const badEventId = (): Problem =>
  new Problem('invalid-header', 'Last-Event-ID must be the id of an event of this session')

/** Sends the events of what ran in a session, to its end. @throws Problem */
export async function sendResultEvents(
  needs: SessionNeeds,
  req: Request,
  res: Response,
  kind: keyof Results,
  of: { session: string; id: string },
): Promise<void> {
  const session = await ownSession(needs, res, of.session)
  const id = of.id.toLowerCase()
  const { state } =
    session.state === 'ended'
      ? await stored(needs, session, kind, id)
      : await ask(needs, res, session, kind, id, { waitMs: 0 })
  if (req.method === 'HEAD') return void res.type('text/event-stream').end()
  const after = req.get('last-event-id') || BEGINNING
  if (!isEventId(after)) throw badEventId()
  const isOver = session.state === 'ended' && (await needs.feed.rest(session.id, after)) !== 'more'
  if (isOver) return void res.status(204).end()
  if (session.state !== 'ended' && !(await needs.feed.known(session.id, after))) throw badEventId()
  const signal = needs.open.admit(res)
  if (state === 'finished' && (await areOver(needs.feed, kind, { session: session.id, id }, after, signal)))
    return void res.status(204).end()
  await sendEvents(res, eventsOf(kind, await needs.feed.read(session.id, after, signal), id), signal)
}

/**
 * Whether nothing follows on this event of what has finished: its end is told already, or is no longer stored. The oldest events go first,
 * so where any of its events is stored, its end is stored too or on its way.
 */
async function areOver(
  feed: SessionNeeds['feed'],
  kind: keyof Results,
  of: { session: string; id: string },
  told: string,
  signal: AbortSignal,
): Promise<boolean> {
  const last = await feed.last(of.session)
  const stored = storedEvents(feed, of.session, BEGINNING, last, signal)
  let isForgotten = false
  for await (const { id, type, data } of eventsOf(kind, stored, of.id)) {
    if (type === 'gap') {
      isForgotten = true
      continue
    }
    if (compareIds(id, told) > 0) return false
    if (type === kind && (JSON.parse(data) as { state?: unknown }).state === 'finished') return true
    isForgotten = false
  }
  return isForgotten
}

function ask<Kind extends keyof Results>(
  needs: SessionNeeds,
  res: Response,
  session: Session,
  kind: Kind,
  id: string,
  options: { waitMs: number; signal?: AbortSignal },
): Promise<Results[Kind]> {
  const input = { id, waitMs: options.waitMs }
  const call = needs.calls.call(sessionOf(res, session.id), OPERATIONS[kind], input, options)
  // The operation is that of the kind.
  return answeredOrStored(call as Promise<{ value: Results[Kind] }>, () => stored(needs, session, kind, id))
}

async function stored<Kind extends keyof Results>(
  { records }: SessionNeeds,
  session: Session,
  kind: Kind,
  id: string,
): Promise<Results[Kind]> {
  const json = await records.readResult(session.id, id)
  const { kind: is, ...result } = JSON.parse(json ?? '{}') as { kind?: string }
  if (is !== kind) throw new Problem('not-found', `the session has no such ${kind}, or it has gone`)
  return result as Results[Kind]
}

/** Those of one execution or command, to its end, and where some are missing. */
export async function* eventsOf(
  kind: 'execution' | 'command',
  events: AsyncIterable<StoredEvent>,
  id: string,
): AsyncGenerator<StoredEvent> {
  for await (const event of events) {
    if (event.type === 'ended') {
      yield event
      return
    }
    if (event.type === 'gap') yield event
    if (!event.data.includes(id)) continue
    const data = JSON.parse(event.data) as { id?: unknown; execution?: unknown; command?: unknown; state?: unknown }
    if (event.type === kind ? data.id !== id : data[kind] !== id) continue
    yield event
    if (event.type === kind && data.state === 'finished') return
  }
}

import { once } from 'node:events'
import type { Response } from 'express'
import Type, { type TSchema } from 'typebox'
import type { Problem } from '../../shared/problems.ts'

export interface ServerSentEvent {
  id: string
  type: string
  /** One line. */
  data: string
}

/** What a route that streams events answers. @param events what `type` and `data` of each are */
export const eventStreamOf = <Events extends TSchema>(events: Events) => ({
  description: 'The events, as they come.',
  type: 'text/event-stream' as const,
  schema: Type.String({ description: 'server-sent events' }),
  events,
})

/** Proxies drop a connection that is silent for long. */
const HEARTBEAT_MS = 15_000
/** What a browser waits before it reconnects. */
const RETRY_MS = 1000

/**
 * Sends events as server-sent events until they end or the client leaves; a client that reads slowly slows the reading of
 * events, nothing else.
 * @param events each becomes `event:`, `id:`, `data:`; a response begins once there is something to read them from
 * @param signal aborts when the response is to end
 * @throws what the reading of events throws; the response has begun then, unless `events` rejected
 */
export async function sendEvents(
  res: Response,
  events: AsyncIterable<ServerSentEvent> | Promise<AsyncIterable<ServerSentEvent>>,
  signal: AbortSignal,
): Promise<void> {
  const source = await events
  begin(res)
  res.write(`retry: ${RETRY_MS}\n\n`)
  const heartbeat = setInterval(() => res.write(': still here\n\n'), HEARTBEAT_MS)
  try {
    for await (const { id, type, data } of source) {
      const open = res.write(`event: ${type}\nid: ${id}\ndata: ${data}\n\n`)
      if (!open) await once(res, 'drain', { signal })
    }
  } catch (error) {
    // Whoever answers errors breaks it off: an end in good order would tell the client that it has had all.
    if (!signal.aborted) throw error
  } finally {
    clearInterval(heartbeat)
  }
  res.end()
}

/** Sends one event `error` with a problem, and ends the stream. */
export function sendError(res: Response, problem: Problem): void {
  begin(res)
  res.end(`event: error\ndata: ${JSON.stringify(problem)}\n\n`)
}

function begin(res: Response): void {
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
}

import { once } from 'node:events'
import type { Response } from 'express'
import type { Problem } from '../../shared/problems.ts'
import type { StoredEvent } from '../events/live-events.ts'

/** Proxies drop a connection that is silent for long. */
const HEARTBEAT_MS = 15_000
/** What a browser waits before it reconnects. */
const RETRY_MS = 1000

/**
 * Sends events as server-sent events until they end or the client leaves; a client that reads slowly slows the reading of
 * events, nothing else.
 * @param events each becomes `event:`, `id:`, `data:`
 * @param signal aborts when the client is gone
 */
export async function sendEvents(
  res: Response,
  events: AsyncIterable<StoredEvent>,
  signal: AbortSignal,
): Promise<void> {
  begin(res)
  res.write(`retry: ${RETRY_MS}\n\n`)
  const heartbeat = setInterval(() => res.write(': still here\n\n'), HEARTBEAT_MS)
  try {
    for await (const { id, type, data } of events) {
      const open = res.write(`event: ${type}\nid: ${id}\ndata: ${data}\n\n`)
      if (!open) await once(res, 'drain', { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(heartbeat)
    res.end()
  }
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

/**
 * A signal that aborts when the client goes away, its key ends or the gateway closes.
 */
export function goneSignal(res: Response, closing: AbortSignal): AbortSignal {
  const controller = new AbortController()
  // It may have gone while its request was looked at.
  if (res.destroyed) controller.abort()
  else res.once('close', () => controller.abort())
  return AbortSignal.any([controller.signal, closing, res.locals.keyEnds()])
}

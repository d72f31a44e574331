import type { WebSocket } from 'ws'
import { KIB, MIB } from '../../../shared/limits.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import type { Reply } from './reply.ts'

/**
 * What goes to the client of a socket. A client that reads slowly slows the reading of its job's events, and when it does not even
 * take replies, of its own messages; no more than the bounds below gathers for it.
 */
export interface SocketWriter {
  /** Sends all of them; resolves early when the client is gone. @throws what the reading of events throws */
  events: (events: AsyncIterable<StoredEvent>) => Promise<void>
  /** Resolves when more may be said. Nothing is, after a job's result. */
  reply: (reply: Reply) => Promise<void>
  /** How many messages the system has taken off our hands. */
  readonly sent: number
}

/** What may wait for a client until no more events are read for it, in bytes. */
export const EVENTS_HIGH_WATER = 256 * KIB
/** The same for replies: above the other, so that a client that reads no events can still be told. */
const REPLIES_HIGH_WATER = MIB

/** @param signal aborts when the client is gone */
export function createSocketWriter(socket: WebSocket, signal: AbortSignal): SocketWriter {
  const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  let sent = 0
  let isOver = false
  const send = async (text: string, highWater: number) => {
    const flushed = new Promise<void>((resolve) =>
      socket.send(text, () => {
        sent++
        resolve()
      }),
    )
    if (socket.bufferedAmount > highWater) await Promise.race([flushed, gone])
  }
  return {
    async events(events) {
      for await (const { id, type, data } of events) {
        if (signal.aborted) return
        isOver = type === 'result'
        await send(`{"id":"${id}","type":"${type}","data":${data}}`, EVENTS_HIGH_WATER)
      }
    },
    async reply(reply) {
      if (!isOver) await send(JSON.stringify(reply), REPLIES_HIGH_WATER)
    },
    get sent() {
      return sent
    },
  }
}

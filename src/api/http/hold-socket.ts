import type { WebSocket } from 'ws'
import { SECOND } from '../../shared/limits.ts'
import type { EndedBy } from './open-responses.ts'

/** How a socket is closed: a code of RFC 6455, section 7.4, or one of ours, and a text for people. */
export type SocketClose = readonly [code: number, reason: string]

export const SOCKET_CLOSE = {
  closing: [1001, 'the gateway is closing; connect again'],
  binary: [1003, 'messages must be JSON text'],
  faults: [1008, 'too many messages that cannot be used'],
  failed: [1013, 'an internal error occurred; connect again'],
  key: [4401, 'the key is no longer valid'],
} as const satisfies Record<string, SocketClose>

/** A socket while it is served. */
export interface HeldSocket {
  /** Aborts when its client is gone, or it was ended. */
  readonly signal: AbortSignal
  /** Closes it. The first reason counts. */
  end: (close: SocketClose) => void
}

export interface HeldSocketOptions {
  /** Aborts when the connection has to end, with what it is ended by as its reason. */
  ends: AbortSignal
  /** How many messages the system has taken off our hands: a client that has much to read answers pings after that. */
  sent: () => number
  message: (data: Buffer, isBinary: boolean) => void
}

/** Proxies drop a connection that is silent for long. */
const PING_MS = 15 * SECOND
/** Pings without an answer until a client counts as gone. */
const SILENT_PINGS = 2

/**
 * Serves a socket that was just accepted, to its end.
 * @param work resolves to how it is to be closed, or when its signal has aborted; it does not reject
 */
export async function holdSocket(
  socket: WebSocket,
  { ends, sent, message }: HeldSocketOptions,
  work: (held: HeldSocket) => Promise<SocketClose>,
): Promise<void> {
  const gone = new AbortController()
  const { signal } = gone
  const end = ([code, reason]: SocketClose) => {
    if (signal.aborted) return
    gone.abort()
    socket.close(code, reason)
    // Or the client's answer would not be heard.
    socket.resume()
  }
  const onEnd = () => end(ends.reason === ('key' satisfies EndedBy) ? SOCKET_CLOSE.key : SOCKET_CLOSE.closing)

  // A client that is not read cannot be heard to answer; one that has much to read answers after that.
  let silentPings = 0
  let sentBefore = 0
  const heartbeat = setInterval(() => {
    const takesMore = socket.bufferedAmount > 0 && sent() > sentBefore
    sentBefore = sent()
    silentPings = socket.isPaused || takesMore ? 0 : silentPings + 1
    if (silentPings > SILENT_PINGS) socket.terminate()
    else socket.ping()
  }, PING_MS)
  socket.on('pong', () => (silentPings = 0))
  socket.on('message', (data, isBinary) => {
    if (!signal.aborted) message(data as Buffer, isBinary)
  })
  // What breaks the protocol ends the connection by itself.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  void closed.then(() => gone.abort())
  ends.addEventListener('abort', onEnd)
  try {
    if (ends.aborted) onEnd()
    end(await work({ signal, end }))
  } finally {
    await closed
    clearInterval(heartbeat)
    ends.removeEventListener('abort', onEnd)
  }
}

import { randomUUID } from 'node:crypto'
import type { Request, Response } from 'express'
import type { RawData, WebSocket } from 'ws'
import { MIB, SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Context, Session } from '../../../shared/sessions/session.ts'
import type { EndedBy } from '../../http/open-responses.ts'
import type { SystemNeeds } from '../system/system.ts'
import { decodeMessage, encodeMessage, FramingError, type JupyterMessage, V1_PROTOCOL } from './framing.ts'
import type { JupyterRecords } from './jupyter-records.ts'
import { createKernelEvents } from './kernel-events.ts'
import type { KernelInfos } from './kernel-infos.ts'
import { createKernelRequests } from './kernel-requests.ts'
import type { KernelCalls } from './kernels.ts'
import { kernelLife, messageMaker, type Part } from './kernel-messages.ts'
import { createRunLine } from './run-line.ts'

/** Sockets to the kernels of this gateway. */
export interface Channels {
  /** Makes a socket of a request, and serves it to its end. @throws Problem when none can be made of it */
  serve: (req: Request, res: Response, session: Session, ends: AbortSignal) => Promise<void>
}

/** Clients connect again after any other code than 1000 and 1001. */
const CLOSE = {
  dead: [1000, 'the kernel has ended'],
  replaced: [1000, 'another connection of the same session took its place'],
  framing: [1007, 'a message could not be read'],
  key: [1008, 'the key was revoked or has expired'],
  closing: [1012, 'the gateway is closing; connect again'],
  failed: [1011, 'an internal error occurred'],
} as const
/** What is known of a kernel as a socket opens. */
interface Prepared {
  context: Context
  /** The last event before it. */
  newest: string
}
type CloseReason = readonly [code: number, reason: string]

/** Proxies end connections that are silent for a minute. */
const PING_MS = 30 * SECOND
/** What a kernel has to say what it is, before it is taken for busy. */
const INFO_MS = 2 * SECOND
/** A kernel's output waits for a client that reads slowly, beyond this many bytes. */
const HIGH_WATER_BYTES = 256 * 1024
/** Code, and what the protocol has around it. */
const MESSAGE_ROOM = MIB
const MAX_CLIENT_ID = 256

/**
 * A socket carries all channels of a kernel. What happens in the session is told to every socket of it, from the session's events, and
 * replies to the one that asked.
 *
 * A socket that comes back under the `session_id` it had goes on behind the last event it was told of: what ran meanwhile is not lost.
 */
export function createChannels(
  needs: SystemNeeds,
  records: JupyterRecords,
  kernels: KernelCalls,
  infos: KernelInfos,
): Channels {
  const { config, sessions, upgrades } = needs
  const { feed, calls } = sessions.needs
  const maxMessageBytes = config.http.maxCodeBytes + MESSAGE_ROOM
  const open = new Map<string, (why: CloseReason) => Promise<void>>()

  const converse = async (
    res: Response,
    session: Session,
    client: string,
    socket: WebSocket,
    ends: AbortSignal,
    { context, newest }: Prepared,
  ) => {
    const log = res.req.log
    const gone = new AbortController()
    const { signal } = gone
    const isRevoked = () => ends.aborted && (ends.reason as EndedBy) === 'key'
    const isV1 = socket.protocol === V1_PROTOCOL
    const end = ([code, reason]: CloseReason) => {
      if (signal.aborted) return
      gone.abort()
      socket.close(code, reason)
      // Or the client's answer would not be heard.
      socket.resume()
    }
    const send = async (message: JupyterMessage): Promise<void> => {
      if (signal.aborted) return
      const sent = new Promise<void>((resolve) => socket.send(encodeMessage(message, isV1), () => resolve()))
      if (socket.bufferedAmount > HIGH_WATER_BYTES) await settledOrAborted(sent, signal)
    }
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    void closed.then(() => gone.abort())
    // What breaks the framing of WebSockets ends the connection by itself.
    socket.on('error', () => undefined)
    const onEnd = () => end(isRevoked() ? CLOSE.key : CLOSE.closing)
    ends.addEventListener('abort', onEnd)
    if (ends.aborted) onEnd()
    const ping = setInterval(
      () => {
        if (socket.readyState === socket.OPEN) socket.ping()
        // A kernel that somebody is connected to is in use.
        void calls
          .call({ id: session.id, tenant: res.locals.caller.tenant }, 'statFile', { path: '.' })
          .catch(() => undefined)
      },
      Math.min(PING_MS, session.idleTimeoutMs / 3),
    )

    const serve = async () => {
      const before = await records.takePosition(session.id, client)
      const known = before !== undefined && (await feed.known(session.id, before))
      const position = known ? before : newest
      const events = await feed.read(session.id, position, signal)
      let restarts = context.restarts
      let asking: string | undefined
      const comms = new Map<string, Part>()
      const make = messageMaker(() => kernelLife(session.id, restarts))
      const line = createRunLine({ needs, res, session, client, records, send, make, mayRun: () => !isRevoked() })
      const requests = createKernelRequests({
        needs,
        kernels,
        res,
        session,
        line,
        send,
        make,
        infos,
        comms,
        asking: () => asking,
      })
      const told = createKernelEvents({
        session,
        client,
        records,
        send,
        make,
        context,
        line,
        comms,
        asksInput: (execution) => (asking = execution),
        restarted(count) {
          const isAnother = count > restarts
          restarts = Math.max(restarts, count)
          return isAnother && !kernels.restartedHere(session.id)
        },
      })
      socket.on('message', (data: RawData, isBinary: boolean) => {
        if (signal.aborted) return
        let message: JupyterMessage
        try {
          message = decodeMessage(data as Buffer, isBinary, isV1)
        } catch (error) {
          if (!(error instanceof FramingError)) throw error
          return end([CLOSE.framing[0], error.message])
        }
        requests.take(
          message,
          () => socket.pause(),
          () => socket.resume(),
        )
      })
      socket.resume()
      let last = position
      try {
        for await (const event of events) {
          await told.take(event)
          last = event.id
        }
        end(CLOSE.dead)
      } finally {
        await line.leave()
        if (!isRevoked()) await records.leave(session.id, client, last).catch(() => undefined)
      }
    }
    const disconnected = kernels.connect(session.id)
    const serving = serve().catch((error: unknown) => {
      if (signal.aborted) return
      const isGone = error instanceof Problem && error.status < 500
      if (!isGone) log.warn({ err: error, sessionId: session.id }, 'socket failed')
      end(isGone ? CLOSE.dead : CLOSE.failed)
    })
    const place = `${session.id} ${client}`
    const leave = async (why: CloseReason) => {
      end(why)
      await serving
    }
    open.set(place, leave)
    await closed
    clearInterval(ping)
    ends.removeEventListener('abort', onEnd)
    disconnected()
    await serving
    if (open.get(place) === leave) open.delete(place)
  }

  /**
   * What the first answers need, before the socket is there: jupyter_client gives its first question a second, and fails when the answer comes
   * later.
   */
  const prepare = async (res: Response, session: Session, ends: AbortSignal): Promise<Prepared> => {
    // Before the context: what happens to that meanwhile is told by the events behind it.
    const newest = await feed.last(session.id)
    const info = infos.of(res, session.id, AbortSignal.timeout(INFO_MS)).catch(() => undefined)
    const [context] = await Promise.all([kernels.context(res, session.id, ends), info])
    return { context, newest }
  }

  return {
    async serve(req, res, session, ends) {
      const { session_id: asked } = req.query
      const client = typeof asked === 'string' && asked !== '' ? asked.slice(0, MAX_CLIENT_ID) : randomUUID()
      const prepared = await prepare(res, session, ends)
      const socket = await upgrades.accept(req, maxMessageBytes, V1_PROTOCOL)
      await open.get(`${session.id} ${client}`)?.(CLOSE.replaced)
      await converse(res, session, client, socket, ends, prepared)
    },
  }
}

/** Waits for one write of many: nothing of it may stay at the signal, which lives as long as the socket. */
export const settledOrAborted = (work: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = () => {
      signal.removeEventListener('abort', stop)
      resolve()
    }
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', stop)
    void work.then(stop, stop)
  })

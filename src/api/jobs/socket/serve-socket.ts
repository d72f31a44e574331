import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { JobSummary } from '../../../shared/job.ts'
import { SECOND } from '../../../shared/limits.ts'
import type { JobInputs } from '../../../shared/redis/job-input.ts'
import type { WakeUps } from '../../../shared/redis/wake-ups.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import type { EndedBy } from '../../http/open-responses.ts'
import { createClientInput, TooManyFaults } from './client-input.ts'
import { createSocketWriter } from './socket-writer.ts'

export interface SocketDeps {
  inputs: JobInputs
  wakeUps: WakeUps
  /** The channel that tells of room for input of a job. */
  channelOf: (jobId: string) => string
}

export interface SocketOptions {
  job: JobSummary
  /** Reads the job's events, until the signal. */
  events: (signal: AbortSignal) => Promise<AsyncIterable<StoredEvent>>
  /** Aborts when the connection has to end, with what it is ended by as its reason. */
  ends: AbortSignal
  log: Pick<Logger, 'warn'>
}

/** Codes of RFC 6455, section 7.4, and one of ours. */
const CLOSE = {
  done: [1000, 'the job has ended'],
  closing: [1001, 'the gateway is closing; connect again'],
  binary: [1003, 'messages must be JSON text'],
  faults: [1008, 'too many messages that cannot be used'],
  failed: [1013, 'an internal error occurred; connect again'],
  key: [4401, 'the key is no longer valid'],
} as const

/** Proxies drop a connection that is silent for long. */
const PING_MS = 15 * SECOND
/** Pings without an answer until a client counts as gone. */
const SILENT_PINGS = 2

/** Serves a socket that was just accepted, to its end. Never rejects. */
export async function serveSocket(socket: WebSocket, deps: SocketDeps, options: SocketOptions): Promise<void> {
  const { inputs, wakeUps, channelOf } = deps
  const { job, events, ends, log } = options
  const gone = new AbortController()
  const { signal } = gone
  const end = ([code, reason]: (typeof CLOSE)[keyof typeof CLOSE]) => {
    if (signal.aborted) return
    gone.abort()
    socket.close(code, reason)
    // Or the client's answer would not be heard.
    socket.resume()
  }
  const onEnd = () => end(ends.reason === ('key' satisfies EndedBy) ? CLOSE.key : CLOSE.closing)

  const writer = createSocketWriter(socket, signal)
  const input = createClientInput({
    jobId: job.id,
    interactive: job.interactive,
    inputs,
    wakeUps,
    channel: channelOf(job.id),
    reply: writer.reply,
    flow(open) {
      if (open) socket.resume()
      else if (!signal.aborted) socket.pause()
    },
    signal,
  })

  // A client that is not read cannot be heard to answer; one that has much to read answers after that.
  let silentPings = 0
  let sentBefore = 0
  const heartbeat = setInterval(() => {
    const takesMore = socket.bufferedAmount > 0 && writer.sent > sentBefore
    sentBefore = writer.sent
    silentPings = socket.isPaused || takesMore ? 0 : silentPings + 1
    if (silentPings > SILENT_PINGS) socket.terminate()
    else socket.ping()
  }, PING_MS)
  socket.on('pong', () => (silentPings = 0))
  socket.on('message', (data, isBinary) => {
    if (signal.aborted) return
    if (isBinary) end(CLOSE.binary)
    else input.push((data as Buffer).toString())
  })
  // What breaks the protocol ends the connection by itself.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  void closed.then(() => gone.abort())
  ends.addEventListener('abort', onEnd)
  try {
    if (ends.aborted) onEnd()
    const seq = job.interactive ? await inputs.lastSeq(job.id) : null
    if (seq !== null) await writer.reply({ type: 'ack', seq })
    socket.resume()
    await Promise.race([events(signal).then(writer.events), input.run()])
    end(CLOSE.done)
  } catch (err) {
    if (!signal.aborted) log.warn({ err, jobId: job.id }, 'socket failed')
    end(err instanceof TooManyFaults ? CLOSE.faults : CLOSE.failed)
  } finally {
    await closed
    clearInterval(heartbeat)
    ends.removeEventListener('abort', onEnd)
  }
}

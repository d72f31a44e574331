import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { JobSummary } from '../../../shared/job.ts'
import type { JobInputs } from '../../../shared/redis/job-input.ts'
import type { WakeUps } from '../../../shared/redis/wake-ups.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import { holdSocket, SOCKET_CLOSE, type SocketClose } from '../../http/hold-socket.ts'
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

const DONE: SocketClose = [1000, 'the job has ended']

/** Serves a socket that was just accepted, to its end. Never rejects. */
export async function serveSocket(socket: WebSocket, deps: SocketDeps, options: SocketOptions): Promise<void> {
  const { inputs, wakeUps, channelOf } = deps
  const { job, events, ends, log } = options
  let sent = () => 0
  let message: (data: Buffer, isBinary: boolean) => void = () => undefined
  const hold = { ends, sent: () => sent(), message: (data: Buffer, isBinary: boolean) => message(data, isBinary) }
  await holdSocket(socket, hold, async ({ signal, end }) => {
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
    sent = () => writer.sent
    message = (data, isBinary) => {
      if (isBinary) end(SOCKET_CLOSE.binary)
      else input.push(data.toString())
    }
    try {
      const seq = job.interactive ? await inputs.lastSeq(job.id) : null
      if (seq !== null) await writer.reply({ type: 'ack', seq })
      socket.resume()
      await Promise.race([events(signal).then(writer.events), input.run()])
      return DONE
    } catch (err) {
      if (!signal.aborted) log.warn({ err, jobId: job.id }, 'socket failed')
      return err instanceof TooManyFaults ? SOCKET_CLOSE.faults : SOCKET_CLOSE.failed
    }
  })
}

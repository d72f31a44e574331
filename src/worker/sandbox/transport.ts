import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SECOND } from '../../shared/limits.ts'
import type { AttachedContainer } from './engine.ts'
import { createDockerDemux } from './docker-demux.ts'

/** What is told of what init says. */
export interface TransportListener {
  /** Part of the stream of frames, cut anywhere. */
  frames(bytes: Buffer): void
  /** For the operator's log. */
  text(bytes: Buffer): void
  /** Nothing more can come. Told at least once, whoever ended it. */
  lost(kind: 'stream' | 'protocol', why: string): void
}

/** The stream of frames between a worker and the init of one sandbox, whichever way it goes. */
export interface Transport {
  /** The container's id. */
  container: string
  /** Where frames for init are written. What comes is for the listener. */
  out: Duplex
  /** Once. What came before is told then. */
  listen(listener: TransportListener): void
  /** Resolves when init can say nothing more, or soon after: what it said last may come after the end of the frames. */
  lastWords(): Promise<void>
  /** At once, both ways. */
  destroy(): void
}

/** Through the engine: the container's standard streams. */
export function attachedTransport({ id, stream }: AttachedContainer): Transport {
  return {
    container: id,
    out: stream,
    listen(listener) {
      const demux = createDockerDemux()
      const take = (chunk: Buffer) => {
        try {
          const { stdout, stderr } = demux.push(chunk)
          for (const bytes of stderr) listener.text(bytes)
          for (const bytes of stdout) listener.frames(bytes)
        } catch (error) {
          listener.lost('protocol', (error as Error).message)
        }
      }
      tellOfEnd(stream.on('data', take), listener)
    },
    lastWords: () => Promise.resolve(),
    destroy: () => stream.destroy(),
  }
}

/** @param frames that init has connected, as the next @param lines for the log */
export function directTransport(container: string, frames: Socket, lines: Socket): Transport {
  return {
    container,
    out: frames,
    listen(listener) {
      lines.on('data', (bytes: Buffer) => listener.text(bytes))
      tellOfEnd(
        frames.on('data', (bytes: Buffer) => listener.frames(bytes)),
        listener,
      )
    },
    lastWords: () => untilEnded(lines),
    destroy() {
      frames.destroy()
      lines.destroy()
    },
  }
}

function tellOfEnd(stream: Duplex, listener: TransportListener): void {
  stream.on('end', () => listener.lost('stream', 'its stream ended'))
  stream.on('close', () => listener.lost('stream', 'its stream was closed'))
  stream.on('error', (error: Error) => listener.lost('stream', error.message))
  if (stream.closed) listener.lost('stream', 'its stream was closed')
}

/** Init's connection for lines ends with init, at about the time at which that for frames does. */
const LAST_WORDS_MS = SECOND

function untilEnded(stream: Duplex): Promise<void> {
  if (stream.readableEnded || stream.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(done, LAST_WORDS_MS)
    stream.once('end', done).once('close', done)
  })
}

/** One that has not ended by itself in this time is killed. */
const GRACEFUL_CLOSE_MS = 500

/**
 * Ends a sandbox's input, by which init learns that nobody needs it, and waits for the end of its output. An engine
 * that is told to remove a container that runs has the OCI runtime kill it first, which takes longer than init to go by itself.
 */
export function closeGracefully(transport: Transport): Promise<void> {
  const { out } = transport
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      transport.destroy()
      resolve()
    }
    const timer = setTimeout(done, GRACEFUL_CLOSE_MS)
    if (out.destroyed || out.readableEnded) return done()
    out.once('end', done).once('close', done)
    out.resume().end()
  })
}

import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { KIB } from '../../shared/limits.ts'
import type { Command } from '../../shared/sessions/session.ts'
import type { StoredEvent } from '../events/live-events.ts'
import { holdSocket, SOCKET_CLOSE, type SocketClose } from '../http/hold-socket.ts'
import { createTerminalInput, type TerminalCall } from './terminal-input.ts'

export interface TerminalOptions {
  /** Its id. */
  command: string
  /** The command as it is, and its events from the first that is kept to its end, until the signal. */
  events: (signal: AbortSignal) => Promise<{ command: Command; events: AsyncIterable<StoredEvent> }>
  call: TerminalCall
  /** Aborts when the connection has to end, with what it is ended by as its reason. */
  ends: AbortSignal
  log: Pick<Logger, 'warn'>
}

/** What may wait for a client until no more is read for it, in bytes. */
const HIGH_WATER = 256 * KIB
const DONE: SocketClose = [1000, 'the command has ended']

/** Serves a socket to the terminal of a command, to its end. Never rejects. */
export async function serveTerminal(socket: WebSocket, options: TerminalOptions): Promise<void> {
  const { command: id, call, ends, log } = options
  let sent = 0
  let message: (data: Buffer, isBinary: boolean) => void = () => undefined
  const hold = { ends, sent: () => sent, message: (data: Buffer, isBinary: boolean) => message(data, isBinary) }
  await holdSocket(socket, hold, async ({ signal, end }) => {
    const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    const send = async (data: Buffer | string) => {
      const flushed = new Promise<void>((resolve) =>
        socket.send(data, () => {
          sent++
          resolve()
        }),
      )
      if (socket.bufferedAmount > HIGH_WATER) await Promise.race([flushed, gone])
    }
    const say = (type: string, data: object) => send(JSON.stringify({ type, data }))
    const input = createTerminalInput({
      command: id,
      call,
      refused: (code, detail) => send(JSON.stringify({ type: 'error', code, detail })),
      flooded: () => end(SOCKET_CLOSE.faults),
      flow(open) {
        if (open) socket.resume()
        else if (!signal.aborted) socket.pause()
      },
      signal,
    })
    message = (data, isBinary) => input.push(data, isBinary)
    try {
      const { command, events } = await options.events(signal)
      socket.resume()
      if (command.state === 'finished') {
        const { stdout, stderr: _stderr, warnings: _warnings, ...state } = command
        if (stdout !== '') await send(Buffer.from(stdout))
        await say('command', state)
        return DONE
      }
      const output = async () => {
        for await (const { type, data } of events) {
          if (signal.aborted) return
          if (type === 'stdout' || type === 'stderr') await send(bytesOf(data))
          else if (type === 'gap') await send(JSON.stringify({ type }))
          else await send(`{"type":"${type}","data":${data}}`)
        }
      }
      await Promise.race([output(), input.run()])
      return DONE
    } catch (err) {
      if (!signal.aborted) log.warn({ err, command: id }, 'terminal failed')
      return SOCKET_CLOSE.failed
    }
  })
}

function bytesOf(event: string): Buffer {
  const { data, dataBase64 } = JSON.parse(event) as { data: string; dataBase64?: string }
  return dataBase64 === undefined ? Buffer.from(data) : Buffer.from(dataBase64, 'base64')
}

import type { Command } from '../../../client/api-types.ts'
import type { TerminalSize } from '../../../client/client.ts'

type CommandState = Pick<Command, 'state' | 'exitCode' | 'signal' | 'message'>

/** The connection to the terminal of a command: docs/sessions.md tells of its frames. */
export interface TerminalSocket {
  /** Types this. */
  write(data: string): void
  resize(size: TerminalSize): void
  /** Goes away. The command goes on. */
  close(): void
}

export interface TerminalEvents {
  /** Bytes of the terminal: a character may be cut between two pieces. */
  onData: (bytes: Uint8Array) => void
  /** @param why in words; `isOver`: the command has ended, so that nothing can be connected to again */
  onEnd: (why: string, isOver: boolean) => void
}

/** Longest input of one message, in bytes. */
const PIECE_BYTES = 32 * 1024

/** @param key is shown as a subprotocol, since a page can set no header of a WebSocket */
export function openTerminalSocket(
  session: string,
  command: string,
  key: string | null,
  { onData, onEnd }: TerminalEvents,
): TerminalSocket {
  const url = new URL(`/v1/sessions/${session}/commands/${command}/terminal`, location.origin)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(url.href, key === null ? ['runyard'] : ['runyard', `key.${key}`])
  socket.binaryType = 'arraybuffer'
  let early: (string | Uint8Array<ArrayBuffer>)[] = []
  let isOver = false
  const end = (why: string, over: boolean) => {
    if (isOver) return
    isOver = true
    onEnd(why, over)
  }
  const send = (message: string | Uint8Array<ArrayBuffer>) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(message)
    else if (socket.readyState === WebSocket.CONNECTING) early.push(message)
  }
  socket.addEventListener('open', () => {
    for (const message of early) socket.send(message)
    early = []
  })
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) return onData(new Uint8Array(data))
    const { type, data: content } = JSON.parse(String(data)) as { type: string; data?: CommandState }
    if (type === 'ended') end('The session has ended.', true)
    else if (type === 'gap') onData(new TextEncoder().encode('\r\n[output is missing here]\r\n'))
    else if (type === 'command' && content?.state === 'finished') end(wordsOf(content), true)
  })
  socket.addEventListener('close', () => end('The connection to the terminal was lost.', false))
  return {
    write(data) {
      const bytes = new TextEncoder().encode(data)
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) send(bytes.slice(at, at + PIECE_BYTES))
    },
    resize: ({ columns, rows }) => send(JSON.stringify({ type: 'resize', columns, rows })),
    close() {
      isOver = true
      socket.close()
    },
  }
}

const wordsOf = ({ exitCode, signal, message }: CommandState): string => {
  if (message !== null) return `The shell ended: ${message}`
  return signal === null ? `The shell ended with exit code ${exitCode}.` : `The shell was ended by ${signal}.`
}

import type { Command, TerminalSize } from './api-types.ts'
import { type CallOptions, type Http, policyOf, unreachable } from './http.ts'
import type { Signal } from './interactive.ts'
import { retry } from './retry.ts'
import { type ErrorCode, RunyardError } from './runyard-error.ts'
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts'

/** Without its output. */
export type CommandState = Omit<Command, 'stdout' | 'stderr' | 'warnings'>

/** Why a message to a terminal was not taken. */
export interface TerminalError {
  code: ErrorCode
  detail: string
}

export interface TerminalOptions extends CallOptions {
  /** Given what the program writes, as bytes: a character may be cut between two pieces. */
  onData: (bytes: Uint8Array) => void
  /**
   * Called before output that is still kept is given once more, since the connection had to be made again: clear the screen then.
   * Not called for the first connection, nor while none can be made.
   */
  onReset?: (() => void) | undefined
  /** Called where output is missing, because it was read too slowly. */
  onGap?: (() => void) | undefined
  /** Given why something that was sent was not taken, such as a signal. The terminal goes on. */
  onError?: ((error: TerminalError) => void) | undefined
  onCommand?: ((command: CommandState) => void) | undefined
}

/** The terminal of a command. What is sent while the connection is made again is lost. */
export interface SessionTerminal {
  /** Resolves when the command has ended. @throws RunyardError when the connection cannot be had, or the session ended first */
  readonly ended: Promise<CommandState>
  /** Types this. */
  write(data: string | Uint8Array): void
  resize(size: TerminalSize): void
  /** To what is in the foreground. */
  signal(name: Signal): void
  /** Goes away. The command goes on. */
  close(): void
}

/** Longest input of one message, in bytes. */
const PIECE_BYTES = 32 * 1024
const KEY_ENDED = 4401
const FAULTS = 1008

/** @param command the path of the command */
export function openTerminal(
  http: Http,
  WebSocket: WebSocketConstructor,
  command: string,
  options: TerminalOptions,
): SessionTerminal {
  const { onData, onReset, onGap, onError, onCommand, signal } = options
  const leaving = new AbortController()
  let socket: WebSocketLike | undefined
  let isOpen = false
  let wasOpen = false
  let last: CommandState | undefined
  let waiting: (string | Uint8Array<ArrayBuffer>)[] = []

  const send = (message: string | Uint8Array<ArrayBuffer>) => {
    if (isOpen) socket?.send(message)
    // Before the first connection nothing is lost.
    else if (last === undefined) waiting.push(message)
  }
  const take = (text: string) => {
    const message = JSON.parse(text) as { type: string; data: unknown } & TerminalError
    if (message.type === 'ended') {
      const { message: why } = message.data as { message: string | null }
      throw new RunyardError({ code: 'session-ended', detail: why ?? 'the session has ended' })
    }
    if (message.type === 'gap') onGap?.()
    if (message.type === 'error') onError?.({ code: message.code, detail: message.detail })
    if (message.type !== 'command') return
    last = message.data as CommandState
    onCommand?.(last)
  }

  /** Talks over one connection until it is closed. @returns the code it was closed with */
  const talk = (progressed: () => void) =>
    new Promise<number>((resolve, reject) => {
      const url = new URL(`${http.url}${command}/terminal`)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      const key = http.key()
      const own = new WebSocket(url.href, key === undefined ? ['runyard'] : ['runyard', `key.${key}`])
      own.binaryType = 'arraybuffer'
      socket = own
      own.onopen = () => {
        isOpen = true
        if (wasOpen) onReset?.()
        wasOpen = true
        for (const message of waiting) own.send(message)
        waiting = []
      }
      own.onmessage = ({ data }: { data: unknown }) => {
        if (leaving.signal.aborted) return
        progressed()
        try {
          if (typeof data === 'string') take(data)
          else onData(new Uint8Array(data as ArrayBuffer))
        } catch (error) {
          reject(error as Error)
          own.close()
        }
      }
      // What went wrong comes with the close.
      own.onerror = () => undefined
      own.onclose = ({ code }: { code: number }) => {
        isOpen = false
        resolve(code)
      }
    })

  /** @throws RunyardError that says why the connection was lost, or cannot be had */
  const connection = async (progressed: () => void): Promise<CommandState> => {
    const code = await talk(progressed)
    if (last?.state === 'finished') return last
    if (leaving.signal.aborted) throw leaving.signal.reason
    if (code === KEY_ENDED || code === FAULTS) {
      const known: Record<number, [ErrorCode, string]> = {
        [KEY_ENDED]: ['unauthenticated', 'the key was revoked or has expired'],
        [FAULTS]: ['invalid-message', 'too many messages could not be used'],
      }
      const [name, detail] = known[code] ?? ['unknown', '']
      throw new RunyardError({ code: name, detail })
    }
    // A handshake that is refused does not tell why; an ordinary request does.
    const now = await http.json<Command>(command, { retries: 0, signal: leaving.signal })
    if (!now.terminal) throw new RunyardError({ code: 'not-waiting', detail: 'the command has no terminal' })
    throw unreachable(http.url, new Error(`the connection to the terminal was closed with ${code}`))
  }

  const leave = (reason: unknown) => {
    leaving.abort(reason)
    socket?.close()
  }
  const onAbort = () => leave(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const ended = retry(connection, { ...policyOf(http.policy, options), signal: leaving.signal }).finally(() =>
    signal?.removeEventListener('abort', onAbort),
  )
  // Who does not look at it has left.
  ended.catch(() => undefined)
  return {
    ended,
    write(data) {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) send(new Uint8Array(bytes.slice(at, at + PIECE_BYTES)))
    },
    resize: ({ columns, rows }) => send(JSON.stringify({ type: 'resize', columns, rows })),
    signal: (name) => send(JSON.stringify({ type: 'signal', signal: name })),
    close: () =>
      leave(new RunyardError({ code: 'connection-closed', detail: 'the terminal was left; its command continues' })),
  }
}

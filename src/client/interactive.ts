import type { FieldError, JobSummary, TerminalSize } from './api-types.ts'
import type { StreamedEvent, StreamOptions } from './event-stream.ts'
import { type Http, policyOf, unreachable } from './http.ts'
import { type QueuedInput, createInputQueue } from './input-queue.ts'
import { retry } from './retry.ts'
import { type ErrorCode, RunyardError } from './runyard-error.ts'
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts'

export const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'] as const
export type Signal = (typeof SIGNALS)[number]

/** A job that is talked to while it runs. It is iterated once; each of its events comes once. */
export interface InteractiveJob extends AsyncIterable<StreamedEvent> {
  readonly id: string
  /**
   * Sends standard input. Resolves when all of it has been taken: wait for that, and input is never made faster than the program reads it.
   * @throws RunyardError when it was refused, e.g. `input-closed`
   */
  write(input: string | Uint8Array): Promise<void>
  /** Ends standard input, behind what was written. */
  end(): Promise<void>
  /** Gives the job's terminal another size, if it has one. */
  resize(size: TerminalSize): Promise<void>
  /** Sends a signal to the program, past the input that waits. */
  signal(name: Signal): Promise<void>
  /** Resolves with the job, without its output, when it has ended. @throws RunyardError when the connection cannot be had any more */
  readonly result: Promise<JobSummary>
  /** Goes away. The job goes on. */
  close(): void
}

/** Why a connection ends that need not be made again. */
const REFUSED: Record<number, { code: ErrorCode; status: number; detail: string }> = {
  1008: { code: 'invalid-message', status: 0, detail: 'too many messages could not be used' },
  4401: { code: 'unauthenticated', status: 401, detail: 'the key was revoked or has expired' },
}

interface Message {
  type: string
  seq?: number | null
  code?: ErrorCode
  detail?: string
  errors?: FieldError[]
}

/** In place of the code of a close: what came did not come from the service, but e.g. from a proxy. */
const NOT_OURS = -1

/** @returns undefined when it is no message of the service */
function messageOf(data: unknown): Message | undefined {
  try {
    const message = JSON.parse(String(data)) as Partial<Message> | null
    return typeof message?.type === 'string' ? (message as Message) : undefined
  } catch {
    return undefined
  }
}

/**
 * Connects to an interactive job, and connects again when that is lost: events go on after the last one, and input that was not
 * acknowledged is sent again under its number, which the service uses once.
 */
export function openInteractive(
  http: Http,
  WebSocket: WebSocketConstructor,
  id: string,
  options: Omit<StreamOptions, 'after'> = {},
): InteractiveJob {
  const { signal, onConnection } = options
  const events = createEventBuffer()
  const result = withResolvers<JobSummary>()
  // Who does not look at it is told by the iterator.
  result.promise.catch(() => undefined)
  const leaving = new AbortController()
  let socket: WebSocketLike | undefined
  let isOpen = false
  let lastId: string | undefined
  const input = createInputQueue((text) => isOpen && (socket?.send(text), true))

  const end = (error?: unknown, left?: RunyardError) => {
    if (leaving.signal.aborted) return
    leaving.abort()
    isOpen = false
    signal?.removeEventListener('abort', onAbort)
    const refusal = error ?? left ?? new RunyardError({ code: 'job-ended', detail: `job ${id} has ended` })
    input.refuse(refusal)
    result.reject(refusal)
    events.end(error)
    socket?.close()
  }
  const onAbort = () => end(signal?.reason)

  const take = ({ seq, ...message }: Message) => {
    if (message.type === 'ack') return input.taken(seq ?? null)
    if (message.type === 'error') {
      const { code = 'unknown', detail = 'an input was refused', errors } = message
      return input.taken(seq ?? null, new RunyardError({ code, detail, errors }))
    }
    const event = message as unknown as StreamedEvent
    lastId = event.id
    events.push(event)
    if (event.type === 'result') result.resolve(event.data)
  }

  /** Talks over one connection until it is closed. @returns the code it was closed with; NOT_OURS when what came is no message */
  const talk = (progressed: () => void) =>
    new Promise<number>((resolve) => {
      const url = new URL(`${http.url}/v1/jobs/${encodeURIComponent(id)}/io`)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      if (lastId !== undefined) url.searchParams.set('after', lastId)
      const key = http.key()
      const own = new WebSocket(url.href, key === undefined ? ['runyard'] : ['runyard', `key.${key}`])
      socket = own
      socket.onopen = () => {
        isOpen = true
        onConnection?.(true)
        input.again()
      }
      socket.onmessage = ({ data }: { data: unknown }) => {
        if (leaving.signal.aborted) return
        const message = messageOf(data)
        if (message === undefined) {
          isOpen = false
          // The next connection does not wait for this one to be closed, and its close says nothing of the next.
          own.onmessage = own.onclose = () => undefined
          own.close()
          return resolve(NOT_OURS)
        }
        progressed()
        take(message)
      }
      // What went wrong comes with the close.
      socket.onerror = () => undefined
      socket.onclose = ({ code }: { code: number }) => {
        isOpen = false
        resolve(code)
      }
    })

  /** @throws RunyardError that says why the connection was lost, or cannot be had */
  const connection = async (progressed: () => void): Promise<void> => {
    const code = await talk(progressed)
    if (code === 1000 || leaving.signal.aborted) return
    const refused = REFUSED[code]
    if (refused) throw new RunyardError(refused)
    onConnection?.(false)
    // A handshake that is refused does not tell why; an ordinary request does.
    await http.json(`/v1/jobs/${encodeURIComponent(id)}`, { retries: 0, signal: leaving.signal })
    if (code === NOT_OURS) {
      const detail = `the connection to job ${id} brought something that is no message of this service`
      throw new RunyardError({ code: 'connection-closed', detail })
    }
    throw unreachable(http.url, new Error(`the connection to job ${id} was closed with ${code}`))
  }

  if (signal?.aborted) end(signal.reason)
  else {
    signal?.addEventListener('abort', onAbort, { once: true })
    retry(connection, { ...policyOf(http.policy, options), signal: leaving.signal }).then(() => end(), end)
  }

  const send = (messages: QueuedInput[], first = false) => input.add(messages, first)
  return {
    id,
    write: (text) => send(inputPieces(typeof text === 'string' ? new TextEncoder().encode(text) : text)),
    end: () => send([{ message: { type: 'eof' }, bytes: 0 }]),
    resize: ({ columns, rows }) => send([{ message: { type: 'resize', columns, rows }, bytes: 0 }]),
    signal: (name) => send([{ message: { type: 'signal', signal: name }, bytes: 0 }], true),
    result: result.promise,
    close: () =>
      end(undefined, new RunyardError({ code: 'connection-closed', detail: `job ${id} was left; it continues` })),
    [Symbol.asyncIterator]: () => events.iterate(),
  }
}

/** A message has at most 64 KiB, in base64 and with its frame. */
const PIECE_BYTES = 32 * 1024

/** Input as messages. Base64 throughout, since a cut may go through a character. */
function inputPieces(bytes: Uint8Array): QueuedInput[] {
  const pieces: QueuedInput[] = []
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    const piece = bytes.subarray(start, start + PIECE_BYTES)
    let binary = ''
    for (const byte of piece) binary += String.fromCharCode(byte)
    pieces.push({ message: { type: 'stdin', data: btoa(binary), encoding: 'base64' }, bytes: piece.length })
  }
  return pieces
}

interface EventBuffer {
  push(event: StreamedEvent): void
  end(error?: unknown): void
  iterate(): AsyncGenerator<StreamedEvent, void, void>
}

/** Holds events until they are asked for. */
function createEventBuffer(): EventBuffer {
  const events: StreamedEvent[] = []
  let ended: { error: unknown } | undefined
  let wake = () => {}
  return {
    push(event) {
      events.push(event)
      wake()
    },
    end(error) {
      ended = { error }
      wake()
    },
    async *iterate() {
      for (;;) {
        for (let event = events.shift(); event; event = events.shift()) yield event
        if (ended) {
          if (ended.error !== undefined) throw ended.error
          return
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

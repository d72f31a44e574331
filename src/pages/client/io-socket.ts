import type { FieldError } from '../../shared/problems.ts'
import type { StreamedEvent } from './event-stream.ts'

/** What can be sent to an interactive job; see docs/api.md. */
export type Input =
  | { type: 'stdin'; data: string; encoding: 'utf-8' | 'base64' }
  | { type: 'eof' }
  | { type: 'signal'; signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGQUIT' }

export interface IoHandlers {
  onEvent: (event: StreamedEvent) => void
  /** An input was not taken. */
  onRefused: (refusal: { code: string; detail: string; errors?: FieldError[] }) => void
  onConnection: (connected: boolean) => void
  /** There will be no more: the job has ended, or `reason` says why not. */
  onClosed: (reason: string | null) => void
}

export interface IoSocket {
  send(input: Input): void
  close(): void
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 8000
/** A handshake that is refused does not tell a page why, so it is not tried for ever. */
const HANDSHAKES = 6
/** Input on its way that was not acknowledged; the gateway wants less than 256 KiB. */
const UNACKNOWLEDGED_CHARS = 60_000

const FINAL: Record<number, string | null> = {
  1000: null,
  1008: 'too many messages could not be used',
  4401: 'the key was revoked or has expired',
}

/**
 * A connection to an interactive job that is made again when it is lost: events go on after the last one, and input that was
 * not acknowledged is sent again under its number.
 */
export function openIo(jobId: string, key: string | null, handlers: IoHandlers): IoSocket {
  let socket: WebSocket
  let lastId: string | undefined
  let lastSeq = 0
  let waiting: { seq: number; text: string; sent: boolean }[] = []
  let pauseMs = FIRST_PAUSE_MS
  let failed = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  const flush = () => {
    if (socket.readyState !== WebSocket.OPEN) return
    let onTheirWay = 0
    for (const one of waiting) {
      onTheirWay += one.text.length
      if (onTheirWay > UNACKNOWLEDGED_CHARS && onTheirWay !== one.text.length) return
      if (one.sent) continue
      one.sent = true
      socket.send(one.text)
    }
  }
  const end = (reason: string | null) => {
    if (over) return
    over = true
    clearTimeout(timer)
    handlers.onClosed(reason)
  }
  const take = ({ type, seq, ...rest }: Message) => {
    if (type === 'ack' || type === 'error') {
      if (typeof seq === 'number') waiting = waiting.filter((one) => one.seq > seq)
      if (type === 'error') handlers.onRefused(rest as Parameters<IoHandlers['onRefused']>[0])
      return flush()
    }
    const event = { type, ...rest } as StreamedEvent
    lastId = event.id
    handlers.onEvent(event)
  }
  const connect = () => {
    const url = new URL(`/v1/jobs/${jobId}/io`, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    if (lastId !== undefined) url.searchParams.set('after', lastId)
    socket = new WebSocket(url, key === null ? ['runyard'] : ['runyard', `key.${key}`])
    let opened = false
    socket.onopen = () => {
      opened = true
      failed = 0
      pauseMs = FIRST_PAUSE_MS
      for (const one of waiting) one.sent = false
      handlers.onConnection(true)
      flush()
    }
    socket.onmessage = ({ data }) => take(JSON.parse(data as string) as Message)
    socket.onclose = ({ code }) => {
      if (over) return
      if (code in FINAL) return end(FINAL[code] ?? null)
      failed += opened ? 0 : 1
      if (failed >= HANDSHAKES) return end('the connection is refused')
      handlers.onConnection(false)
      timer = setTimeout(connect, pauseMs)
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    }
  }
  connect()
  return {
    send(input) {
      lastSeq += 1
      waiting.push({ seq: lastSeq, text: JSON.stringify({ ...input, seq: lastSeq }), sent: false })
      flush()
    },
    close() {
      over = true
      clearTimeout(timer)
      socket.close()
    },
  }
}

interface Message {
  type: string
  seq?: number | null
}

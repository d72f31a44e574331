import { randomUUID } from 'node:crypto'
import { ReadableStream } from 'node:stream/web'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventsOf, type ReceivedEvent } from '../../support/read-events.ts'

/** How a call ended that was repeated until it was answered. */
export interface CallEnd {
  /** 0 when no answer came. */
  status: number
  body: Record<string, unknown>
  bytes: Buffer
  /** From its first try on. */
  tookMs: number
  tries: number
}

export interface Call {
  method: string
  path: string
  body?: unknown
  /** A body in pieces, made anew for each try. */
  pieces?: (attempt: number) => AsyncIterable<Uint8Array>
  /** Seconds that the service is asked to wait. */
  wait?: number
}

/** Calls as a client should make them: what is not answered, or 429 or 503, is repeated under its key, by another gateway. */
export interface SessionCaller {
  /** @param first the gateway that is asked first */
  call(call: Call, first?: number): Promise<CallEnd>
  /** The events of a session, each once, over lost connections, until its last or `signal` aborts. */
  events(session: string, signal: AbortSignal): AsyncGenerator<ReceivedEvent, void, undefined>
}

/** What the service gives a session to answer, and room for a machine that is busy. */
const ANSWER_MS = 90_000
const GIVE_UP_MS = 120_000
const PAUSE_MS = 200
const DEFAULT_WAIT = 30

export function createSessionCaller(urls: readonly string[]): SessionCaller {
  const attempt = async (
    url: string,
    { method, path, body, pieces, wait = DEFAULT_WAIT }: Call,
    key: string,
    number: number,
  ) => {
    const headers: Record<string, string> = wait > 0 ? { prefer: `wait=${wait}` } : {}
    if (method === 'POST') headers['idempotency-key'] = key
    if (body !== undefined) headers['content-type'] = 'application/json'
    const content = pieces ? ReadableStream.from(pieces(number)) : body === undefined ? null : JSON.stringify(body)
    const init = {
      method,
      headers,
      body: content,
      duplex: 'half',
      signal: AbortSignal.timeout(wait * 1000 + ANSWER_MS),
    }
    const response = await fetch(`${url}${path}`, init as RequestInit)
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) }
  }

  return {
    async call(call, first = 0) {
      const key = randomUUID()
      const began = performance.now()
      for (let tries = 1; ; tries++) {
        const url = urls[(first + tries - 1) % urls.length] ?? ''
        const answer = await attempt(url, call, key, tries).catch((error: unknown) => error as Error)
        const tookMs = performance.now() - began
        const isLast = tookMs > GIVE_UP_MS
        if (answer instanceof Error) {
          if (isLast || answer.name === 'TimeoutError')
            return { status: 0, body: { detail: String(answer) }, bytes: Buffer.alloc(0), tookMs, tries }
        } else if (isLast || ![429, 503].includes(answer.status)) {
          return { ...answer, body: jsonOf(answer.bytes), tookMs, tries }
        }
        await sleep(PAUSE_MS)
      }
    },
    async *events(session, signal) {
      let last = ''
      for (let turn = 0; !signal.aborted; turn++) {
        try {
          const headers: Record<string, string> = last === '' ? {} : { 'last-event-id': last }
          const response = await fetch(`${urls[turn % urls.length]}/v1/sessions/${session}/events`, { headers, signal })
          if (response.status === 204) return
          if (!response.ok) await response.body?.cancel()
          else
            for await (const event of eventsOf(response)) {
              yield event
              last = event.id || last
              if (event.event === 'ended') return
            }
        } catch {
          // A gateway or Redis is away: the next one goes on behind the last event.
        }
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

function jsonOf(bytes: Buffer): Record<string, unknown> {
  try {
    const value = JSON.parse(bytes.toString()) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

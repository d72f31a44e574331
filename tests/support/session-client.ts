import type { Command, Context, Execution, Session } from '../../src/shared/sessions/session.ts'
import { eventsOf, type ReceivedEvent } from './read-events.ts'

export interface Answer<T> {
  status: number
  headers: Headers
  body: T
}

/** Calls of a session's routes, each with what is answered, whatever that is. */
export function sessionClient(url: string, headers: Record<string, string> = {}) {
  const call = async <T>(method: string, path: string, body?: unknown, wait = 60): Promise<Answer<T>> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(wait > 0 && { prefer: `wait=${wait}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as T }
  }
  return {
    call,
    create: (body: unknown = {}, wait?: number) => call<Session>('POST', '/v1/sessions', body, wait),
    run: (id: string, code: string, more: object = {}, wait?: number) =>
      call<Execution>('POST', `/v1/sessions/${id}/executions`, { code, ...more }, wait),
    command: (id: string, body: object, wait?: number) =>
      call<Command>('POST', `/v1/sessions/${id}/commands`, body, wait),
    contexts: (id: string) => call<{ contexts: Context[] }>('GET', `/v1/sessions/${id}/contexts`),
    read: (id: string) => call<Session>('GET', `/v1/sessions/${id}`),
    end: (id: string) => call<Session>('DELETE', `/v1/sessions/${id}`),
    put: async (id: string, path: string, content: string | Uint8Array) => {
      const body = typeof content === 'string' ? content : Buffer.from(content)
      const response = await fetch(`${url}/v1/sessions/${id}/files/${path}`, { method: 'PUT', headers, body })
      return { status: response.status, body: (await response.json()) as { bytes?: number; code?: string } }
    },
    get: async (id: string, path: string) => {
      const response = await fetch(`${url}/v1/sessions/${id}/files/${path}`, { headers })
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) }
    },
    /** How a stream of events is answered to whoever has this as the last event. */
    statusOf: async (path: string, last?: string): Promise<number> => {
      const ends = new AbortController()
      const own = { ...headers, ...(last !== undefined && { 'last-event-id': last }) }
      const response = await fetch(`${url}${path}`, { headers: own, signal: ends.signal })
      ends.abort()
      return response.status
    },
    /** Events of this path, until one fits. */
    events: async (path: string, until: (event: ReceivedEvent) => boolean, last?: string): Promise<ReceivedEvent[]> => {
      const ends = new AbortController()
      const response = await fetch(`${url}${path}`, {
        headers: { ...headers, ...(last !== undefined && { 'last-event-id': last }) },
        signal: ends.signal,
      })
      const found: ReceivedEvent[] = []
      try {
        for await (const event of eventsOf(response)) {
          found.push(event)
          if (until(event)) break
        }
      } finally {
        ends.abort()
      }
      return found
    },
  }
}

export type SessionClient = ReturnType<typeof sessionClient>

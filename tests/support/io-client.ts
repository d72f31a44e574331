import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { faultsOf, messageFault } from './conformance.ts'
import { noteFault } from './noted-faults.ts'

export interface IoMessage {
  id?: string
  type: string
  data?: Record<string, unknown>
  seq?: number | null
  code?: string
  detail?: string
}

/** A client of `GET /v1/jobs/:id/io` that keeps all it is sent. */
export interface IoClient {
  socket: WebSocket
  messages: IoMessage[]
  /** Sends JSON, or a string as it is. */
  send(message: object | string): void
  line(text: string, seq?: number): void
  /** Standard output so far. */
  stdout(): string
  /** Resolves when it holds. @throws Error when the socket closes before */
  until(what: () => boolean): Promise<void>
  closed: Promise<{ code: number; reason: string }>
  /** Id of the last event. */
  lastId(): string
  /** Codes of the errors so far. */
  errors(): (string | undefined)[]
  /** Numbers of the acknowledgements so far. */
  acks(): (number | null | undefined)[]
}

export interface IoOptions {
  after?: string
  headers?: Record<string, string>
  protocols?: string[]
  query?: string
}

const address = (url: string, id: string, { after, query = '' }: IoOptions) =>
  `${url.replace('http', 'ws')}/v1/jobs/${id}/io${after === undefined ? query : `?after=${after}`}`

/** Resolves when the socket stands. @throws Error when it is refused */
export async function connectIo(url: string, id: string, options: IoOptions = {}): Promise<IoClient> {
  const { headers = {}, protocols = [] } = options
  const socket = new WebSocket(address(url, id, options), protocols, { headers })
  const messages: IoMessage[] = []
  const watchers = new Set<() => void>()
  const changed = () => {
    for (const watcher of watchers) watcher()
  }
  socket.on('message', (data) => {
    const text = (data as Buffer).toString()
    const message = JSON.parse(text) as IoMessage
    const fault = messageFault(message)
    if (fault !== undefined) noteFault(`message ${text.slice(0, 200)}: ${fault}`)
    messages.push(message)
    changed()
  })
  let isClosed = false
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => {
      isClosed = true
      changed()
      resolve({ code, reason: reason.toString() })
    }),
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => undefined)
  const ofType = (type: string) => messages.filter((message) => message.type === type)
  const client: IoClient = {
    socket,
    messages,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    line: (text, seq) => client.send({ type: 'stdin', data: `${text}\n`, ...(seq !== undefined && { seq }) }),
    stdout: () =>
      ofType('stdout')
        .map(({ data }) => data?.['data'])
        .join(''),
    until: (what) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (what()) resolve()
          else if (isClosed) reject(new Error(`closed before: ${JSON.stringify(messages.slice(-5))}`))
          else return
          watchers.delete(look)
        }
        watchers.add(look)
        look()
      }),
    lastId: () => messages.findLast(({ id }) => id !== undefined)?.id ?? '0-0',
    errors: () => ofType('error').map(({ code }) => code),
    acks: () => ofType('ack').map(({ seq }) => seq),
  }
  return client
}

/** The answer to an upgrade that is refused. @throws Error when it is not */
export async function refusedIo(
  url: string,
  id: string,
  options: IoOptions = {},
): Promise<{ status: number; type: string | undefined; body: Record<string, unknown> }> {
  const { headers = {}, protocols = [] } = options
  const socket = new WebSocket(address(url, id, options), protocols, { headers })
  socket.on('error', () => undefined)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    socket.once('unexpected-response', (_request, answer) => resolve(answer))
    socket.once('open', () => {
      socket.terminate()
      reject(new Error('the upgrade was not refused'))
    })
  })
  let text = ''
  for await (const chunk of response) text += String(chunk)
  const { statusCode: status = 0, headers: received } = response
  const path = `/v1/jobs/${id}/io`
  faultsOf({ method: 'GET', url: path, status, headers: received, body: Buffer.from(text), complete: true }).map(
    noteFault,
  )
  return {
    status: response.statusCode ?? 0,
    type: response.headers['content-type'],
    body: JSON.parse(text) as Record<string, unknown>,
  }
}

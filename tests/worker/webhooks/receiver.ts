import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A request as it came in. */
export interface ReceivedRequest {
  line: string
  headers: IncomingHttpHeaders & Record<string, string>
  body: string
}

/** Answers on the bare connection, so that it can do what no HTTP server would. */
export type Behaviour = (socket: Socket, request: ReceivedRequest) => void | Promise<void>

export interface Receiver {
  /** e.g. `http://127.0.0.1:41234` */
  url: string
  port: number
  /** Every request so far. */
  requests: ReceivedRequest[]
  /** Connections ever made to it. */
  connections: () => number
  /** Connections that are open. */
  open: () => number
  /** What it does with the next requests; the last one goes on. */
  behave: (...behaviours: Behaviour[]) => void
  close: () => Promise<void>
}

/** An answer that ends as it should. */
export const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  (socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(
      `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

/** Starts a receiver of webhooks on the loopback. It answers 204 unless told otherwise. */
export async function startReceiver(host = '127.0.0.1', onPort = 0): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let behaviours: Behaviour[] = [answering(204)]
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined) // Whoever sends may go at any time.
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      const request = parse(text)
      if (!request) return
      text = ''
      requests.push(request)
      const behaviour = behaviours.length > 1 ? behaviours.shift() : behaviours[0]
      void behaviour?.(socket, request)
    })
  })
  server.listen(onPort, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    port,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    behave: (...next) => (behaviours = next),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** @returns undefined while the request is not complete */
function parse(text: string): ReceivedRequest | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...rest] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    rest.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  )
  const body = text.slice(end + 4)
  return Buffer.byteLength(body) < Number(headers['content-length'] ?? 0) ? undefined : { line, headers, body }
}

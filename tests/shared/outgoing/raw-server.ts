import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A server on the loopback that answers each request on the bare connection. */
export interface RawServer {
  /** e.g. `http://127.0.0.1:41234` */
  url: string
  /** Connections ever made to it. */
  connections: () => number
  /** Connections that are open. */
  open: () => number
  /** Starts the next answers; the last function goes on. */
  answer: (...answers: ((socket: Socket) => void)[]) => void
  close: () => Promise<void>
}

export async function startRawServer(): Promise<RawServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  let answers: ((socket: Socket) => void)[] = []
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined) // Whoever asks may go at any time.
    socket.on('data', () => (answers.length > 1 ? answers.shift() : answers[0])?.(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    open: () => sockets.size,
    answer: (...next) => (answers = next),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The head of an answer of so many bytes. */
export const head = (bytes: number): string => `HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`

/** Lets everything happen that is about to: what the system has for this process already is read by it. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
}

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A proxy between the services and Redis: a network that can fail. */
export interface RedisLink {
  url: string
  /** Breaks every connection, and refuses new ones. */
  cut(): void
  /** Keeps every connection and lets nothing through, as a network does that drops packets. */
  silence(): void
  /** Lets everything through again, also what was held back. */
  mend(): Promise<void>
  close(): void
}

export async function startRedisLink(redisSocket: string): Promise<RedisLink> {
  const sockets = new Set<Socket>()
  let silent = false
  let port = 0
  const server = createServer((client) => {
    const upstream = connect(redisSocket)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (bytes) => other.write(bytes))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      if (silent) socket.pause()
    }
  })
  const listen = async () => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  const cut = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  await listen()
  return {
    url: `redis://127.0.0.1:${port}`,
    cut,
    silence() {
      silent = true
      for (const socket of sockets) socket.pause()
    },
    async mend() {
      silent = false
      for (const socket of sockets) socket.resume()
      if (!server.listening) await listen()
    },
    close: cut,
  }
}

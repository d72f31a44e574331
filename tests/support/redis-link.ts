import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP connection to the run's Redis that can be cut. */
export interface RedisLink {
  /** To be used as REDIS_URL. */
  url: string
  /** Lets nothing through any more, and keeps the connections: until it is cut. */
  freeze(): void
  /** Ends what is connected, and takes nothing more. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** @param target REDIS_URL of a Redis on a unix socket */
export async function openRedisLink(target: string): Promise<RedisLink> {
  const path = decodeURIComponent(new URL(target).pathname)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(path)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // prettier-ignore
      sockets.add(from)
      from.on('error', () => from.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    freeze() {
      for (const socket of sockets) socket.unpipe().pause()
    },
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => (isCut = false),
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

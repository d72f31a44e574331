import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'

/** A TCP connection to something that can be cut. */
export interface TcpLink {
  port: number
  /** Lets nothing through any more, and keeps the connections: until it is cut. */
  freeze(): void
  /** Freezes a connection once the target has said so much on it; those opened after `freezeAfter(Infinity)` go on. */
  freezeAfter(bytes: number): void
  /** How many connections came to that. */
  readonly frozen: number
  /** Ends what is connected, and takes nothing more. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function openTcpLink(target: NetConnectOpts): Promise<TcpLink> {
  const sockets = new Set<Socket>()
  let isCut = false
  let mostBytes = Infinity
  let frozen = 0
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(target)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => from.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
    let said = 0
    far.on('data', (bytes: Buffer) => {
      said += bytes.length
      if (said <= mostBytes || far.isPaused()) return
      far.unpipe().pause()
      frozen += 1
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      for (const socket of sockets) socket.unpipe().pause()
    },
    get frozen() {
      return frozen
    },
    freezeAfter: (bytes) => void (mostBytes = bytes),
    cut,
    mend: () => (isCut = false),
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

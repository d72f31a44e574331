import { mkdtemp, chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import { INIT_PATH } from '../../shared/runtime-image.ts'
import { OPTION_RELAY } from '../sandbox/protocol.ts'
import { WAY_OUT_FOLDER } from '../sandbox/sandbox-image.ts'

/** What the socket is called in `WAY_OUT_FOLDER`. */
const SOCKET = 'socket'
/** Where the relay listens in the cell. */
export const RELAY_PORT = 3128
export const RELAY_URL = `http://127.0.0.1:${RELAY_PORT}`

/** What stands at the other end of a cell's way out. */
export interface WayOutHandler {
  /** A request for this end itself. */
  request: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  /** `CONNECT`: a request for a connection to somewhere else. Absent: refused. */
  connect?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** The way out of one sandbox. */
export interface WayOut {
  /** To be mounted into the sandbox, read-only, at `WAY_OUT_FOLDER`. */
  readonly folder: string
  /** Ends every connection and takes the socket away. */
  close(): Promise<void>
}

/** Of one sandbox, at a time. */
const MAX_CONNECTIONS = 64
const HEADERS_MS = 30_000

/** @param folder where sockets are made, for this user only */
export async function openWayOut(folder: string, { request, connect }: WayOutHandler): Promise<WayOut> {
  const own = await mkdtemp(join(folder, 'out-'))
  // For the container's root, which is nobody here. Nobody else comes through the folder around it.
  await chmod(own, 0o755)
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: 0 }, (req, res) => void request(req, res))
  server.maxConnections = MAX_CONNECTIONS
  server.on('clientError', (_error, socket) => socket.destroy())
  const tunnels = new Set<Duplex>()
  server.on('connect', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined) // Told by its end.
    if (!connect) return void socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n')
    tunnels.add(socket)
    socket.once('close', () => tunnels.delete(socket))
    connect(req, socket, head)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: join(own, SOCKET), readableAll: true, writableAll: true }, resolve)
  })
  return {
    folder: own,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      for (const socket of tunnels) socket.destroy()
      await closed
      await rm(own, { recursive: true, force: true })
    },
  }
}

/** A command with the relay beside it. */
export const withRelay = (argv: readonly string[]): string[] => [
  INIT_PATH,
  OPTION_RELAY,
  String(RELAY_PORT),
  `${WAY_OUT_FOLDER}/${SOCKET}`,
  ...argv,
]

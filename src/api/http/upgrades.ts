import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { KIB, SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'

/** The name of what is spoken here, for clients that name one: those that show their key in the same header must. */
export const SUBPROTOCOL = 'runyard'
/** Longest message of a client, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * KIB
/** What a client has to answer the end of a connection. */
const CLOSE_TIMEOUT_MS = 2 * SECOND

/**
 * Requests to turn a connection into a WebSocket. They go through the app like any other, so that there is one chain of who
 * may do what, and are answered by it like any other until a route accepts them.
 */
export interface Upgrades {
  /** Takes a server's upgrade requests to its app. */
  serve(server: Server, app: RequestListener): void
  /** Whether the request asks for a WebSocket, and none was made of it yet. */
  asksFor(req: IncomingMessage): boolean
  /**
   * Makes the WebSocket. Nothing may be written to the response after it; that closes when the connection does.
   * @param maxMessageBytes longest message of the client; MAX_MESSAGE_BYTES unless given
   * @param subprotocol what is spoken if the client names it; SUBPROTOCOL unless given
   * @returns a socket that reads nothing until it is resumed
   * @throws Problem `invalid-header` when the handshake is none
   */
  accept(req: IncomingMessage, maxMessageBytes?: number, subprotocol?: string): Promise<WebSocket>
  /** Cuts every connection that is left. */
  destroyAll(): void
}

interface Upgrade {
  socket: Socket
  head: Buffer
  res: ServerResponse
  fail: (error: Error) => void
  subprotocol: string
}

export function createUpgrades(): Upgrades {
  const asked = new WeakMap<IncomingMessage, Upgrade>()
  const sockets = new Set<Socket>()
  const known = new WeakSet<Socket>()
  // Named first, since the types do not know `closeTimeout`.
  const options = {
    noServer: true,
    clientTracking: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (offered: Set<string>, req: IncomingMessage) => {
      const { subprotocol = SUBPROTOCOL } = asked.get(req) ?? {}
      return offered.has(subprotocol) ? subprotocol : (false as const)
    },
  }
  const servers = new Map<number, WebSocketServer>()
  /** What makes sockets whose clients may send messages of this length. */
  const webSocketsOf = (maxPayload: number): WebSocketServer => {
    const made = servers.get(maxPayload)
    if (made) return made
    const webSockets = new WebSocketServer({ ...options, maxPayload })
    webSockets.on('wsClientError', (error, _socket, req) => asked.get(req)?.fail(error))
    webSockets.on('headers', (headers, req) => {
      const id = asked.get(req)?.res.getHeader('X-Request-Id')
      if (typeof id === 'string') headers.push(`X-Request-Id: ${id}`)
    })
    servers.set(maxPayload, webSockets)
    return webSockets
  }

  const answer = (app: RequestListener, req: IncomingMessage, socket: Socket, head: Buffer) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const res = new ServerResponse(req)
    res.shouldKeepAlive = false
    res.assignSocket(socket)
    res.once('finish', () => socket.destroySoon())
    asked.set(req, { socket, head, res, fail: () => undefined, subprotocol: SUBPROTOCOL })
    app(req, res)
  }

  return {
    serve(server, app) {
      server.on('upgrade', (req: IncomingMessage, stream, head: Buffer) => {
        const socket = stream as Socket
        // Whoever has the connection next listens too; this is for the time between.
        if (!known.has(socket)) socket.on('error', () => socket.destroy())
        known.add(socket)
        if (req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket') answer(app, req, socket, head)
        else withoutUpgrade(server, req, socket, head)
      })
    },
    asksFor: (req) => asked.has(req),
    accept(req, maxMessageBytes = MAX_MESSAGE_BYTES, subprotocol = SUBPROTOCOL) {
      const upgrade = asked.get(req)
      if (!upgrade) throw new Error('the request asks for no WebSocket')
      upgrade.subprotocol = subprotocol
      return new Promise((resolve, reject) => {
        upgrade.fail = ({ message }) =>
          reject(new Problem('invalid-header', message, { headers: { 'Sec-WebSocket-Version': '13' } }))
        webSocketsOf(maxMessageBytes).handleUpgrade(req, upgrade.socket, upgrade.head, (webSocket) => {
          // For the log; the line with it has been sent.
          upgrade.res.statusCode = 101
          asked.delete(req)
          webSocket.pause()
          resolve(webSocket)
        })
      })
    },
    destroyAll() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

const OFFERS = /^(upgrade|http2-settings)$/i

/**
 * A request that offers another protocol, as some HTTP clients do with all of theirs (`Upgrade: h2c`): the offer is passed over and
 * the request taken as if it were not there. The parser has let go of the connection; it gets it once more, from the start.
 */
function withoutUpgrade(server: Server, req: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`]
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = req.rawHeaders.slice(i, i + 2)
    if (OFFERS.test(name)) continue
    if (name.toLowerCase() !== 'connection') {
      lines.push(`${name}: ${value}`)
      continue
    }
    const options = value.split(',').map((option) => option.trim())
    const kept = options.filter((option) => !OFFERS.test(option)).join(', ')
    if (kept !== '') lines.push(`${name}: ${kept}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

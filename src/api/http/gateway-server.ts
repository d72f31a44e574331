import { v7 as uuid } from 'uuid'
import {
  createServer,
  type IncomingMessage,
  maxHeaderSize,
  type RequestListener,
  type Server,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { KIB, SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { hostInUrl } from '../../shared/loopback.ts'

export interface GatewayServer {
  server: Server
  /**
   * Begins to listen.
   * @returns e.g. `http://127.0.0.1:3000`; tells the port when it was asked for as 0
   * @throws Error when the address cannot be listened on
   */
  listen(address: { host: string; port: number }): Promise<string>
  /**
   * Takes no more connections, and resolves when the last has ended: idle ones at once, others after their answer.
   * @param onForced is called when `timeoutMs` have passed, after every connection was cut that HTTP still knows of
   */
  close(timeoutMs: number, onForced: () => void): Promise<void>
}

/** Of a request's headers. */
const HEADERS_MS = 60 * SECOND
/** Of a whole request, its body too: a large file may come by a slow line. Bodies of JSON have less (`body.ts`). */
const REQUEST_MS = 3600 * SECOND
/** Headers may take so much longer than a connection may be idle, so that the one limit never cuts off the other. */
const MARGIN_MS = 5 * SECOND
/** For a client to read why its connection ends. */
const LINGER_MS = SECOND
const IDLE_CHECK_MS = 50

/**
 * The HTTP server of a gateway. Whatever its parser refuses is answered with a problem too.
 * @param keepAliveMs how long an idle connection is kept: longer than a balancer keeps its own, which would otherwise send a
 *   request on a connection that is just being closed here
 */
export function createGatewayServer(app: RequestListener, keepAliveMs: number, log: Logger): GatewayServer {
  const headersTimeout = Math.max(HEADERS_MS, keepAliveMs + MARGIN_MS)
  const options = {
    keepAliveTimeout: keepAliveMs,
    headersTimeout,
    requestTimeout: Math.max(REQUEST_MS, headersTimeout),
    // A request without a host is answered by the app, with a problem.
    requireHostHeader: false,
  }
  const server = createServer(options)
  const listener = closeAfterBody(server, app)
  server.on('request', listener)
  const refused = new WeakSet<Duplex>()
  const refuse = (socket: Duplex, problem: Problem) => {
    if (refused.has(socket)) return
    refused.add(socket)
    const { bytes, requestId } = rawProblem(problem)
    log.info({ requestId, code: problem.code, statusCode: problem.status }, 'request refused before it was read')
    if (!socket.writable || hasBegun(socket)) return void socket.destroy()
    socket.end(bytes)
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return void socket.destroy()
    refuse(socket, parserProblem(error))
  })
  // An expectation that nobody here knows may be passed over (RFC 9110, 10.1.1).
  server.on('checkExpectation', listener)
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    const allow = 'GET, POST, PUT, DELETE'
    const detail = `CONNECT is not allowed: this server is not a proxy; allowed: ${allow}`
    refuse(socket, new Problem('method-not-allowed', detail, { headers: { Allow: allow } }))
  })

  return {
    server,
    async listen({ host, port: wanted }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(wanted, host, resolve)
      })
      const { port } = server.address() as AddressInfo
      return `http://${hostInUrl(host)}:${port}`
    },
    close: (timeoutMs, onForced) =>
      new Promise((resolve) => {
        const force = setTimeout(() => {
          server.closeAllConnections()
          onForced()
        }, timeoutMs)
        // One that was busy when the server closed is idle, and kept alive, after its answer.
        const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
        server.close(() => {
          clearTimeout(force)
          clearInterval(idle)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

/** Whether an answer is being written already, into which nothing else may be. Node documents this member for this use. */
const hasBegun = (socket: Duplex): boolean =>
  (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true

/** What the parser's error is in the words of this service. */
function parserProblem({ code, message }: NodeJS.ErrnoException): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers-too-large', `URL and headers together have more than ${maxHeaderSize / KIB} KiB`)
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('too-large', 'the extensions of a chunk of the body are too long')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request-timeout', 'the request took too long to arrive; send it again')
    default:
      return new Problem('malformed-request', `the request is not valid HTTP/1.1 (RFC 9112): ${reasonOf(message)}`)
  }
}

const reasonOf = (message: string): string => message.replace(/^Parse Error: /, '')

/**
 * A whole HTTP answer with a problem, for a connection that has no response to write it with. The connection ends with it.
 * @returns the bytes, and the request id under which the log tells of it
 */
export function rawProblem(problem: Problem): { bytes: Buffer; requestId: string } {
  const body = Buffer.from(JSON.stringify(problem))
  const requestId = uuid()
  const headers: Record<string, string> = {
    ...problem.headers,
    Connection: 'close',
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(body.length),
    Date: new Date().toUTCString(),
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${lines.join('')}\r\n`
  return { bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]), requestId }
}

/** For a client that goes on sending what nobody wants, after which it reads the answer. */
const UNREAD_MS = 10 * SECOND

/**
 * Lets a client that asked for the connection's end, and still sends its body, read the answer that came early, e.g. that the body is
 * too large: closed with bytes unread, a connection is reset, and the client gets an error of its socket instead. So the end waits until
 * the body is there, for a while; nothing else is read from the connection.
 * @returns the listener to serve requests with
 */
function closeAfterBody(server: Server, app: RequestListener): RequestListener {
  const current = new WeakMap<Socket, IncomingMessage>()
  const ending = new WeakSet<Socket>()
  server.on('connection', (socket) => {
    const close = socket.destroySoon.bind(socket)
    // How the server of Node closes a connection after its last answer.
    socket.destroySoon = () => {
      const request = current.get(socket)
      if (!request || request.complete || ending.has(socket)) return close()
      ending.add(socket)
      socket.end()
      const late = setTimeout(() => socket.destroy(), UNREAD_MS).unref()
      socket.once('close', () => clearTimeout(late))
      request.once('end', close).once('error', close).resume()
    }
  })
  return (req, res) => {
    if (ending.has(req.socket)) return void req.socket.destroy()
    current.set(req.socket, req)
    app(req, res)
  }
}

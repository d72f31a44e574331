import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { Socket } from 'node:net'
import { SECOND } from '../../shared/limits.ts'

/** For a client that goes on sending what nobody wants, after which it reads the answer. */
const LINGER_MS = 10 * SECOND

/**
 * Lets a client that asked for the connection's end, and still sends its body, read the answer that came early, e.g. that the body is
 * too large: closed with bytes unread, a connection is reset, and the client gets an error of its socket instead. So the end waits until
 * the body is there, for a while; nothing else is read from the connection.
 * @returns the listener to serve requests with
 */
export function closeAfterBody(server: Server, app: RequestListener): RequestListener {
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
      const late = setTimeout(() => socket.destroy(), LINGER_MS).unref()
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

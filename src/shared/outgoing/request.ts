import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { KIB } from '../limits.ts'
import type { Agent } from './agent.ts'

export interface OutgoingRequest {
  agent: Agent
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  /** Ends the request, and its answer until that was read. */
  signal?: AbortSignal
  /** The longest time in which nothing moves on the connection, in ms; a reader that is slow does not count. */
  stallMs?: number
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /**
   * To be read to its end, destroyed, or given to `discard`: it holds a connection. One that ends early fails with ECONNRESET; no failure is an
   * uncaught error, whether somebody reads or not. The sender waits for a reader that is slow.
   */
  body: Readable
}

const MAX_HEADER_BYTES = 16 * KIB
/** More is not read to keep a connection. */
const MAX_DISCARDED_BYTES = 128 * KIB

/**
 * Sends one request and waits for the headers of its answer. No redirect is followed, and what a URL says of a user is not sent.
 * @throws what `lookupFor` refused; errors with the codes of the system and of Node: ENOTFOUND, ECONNREFUSED, ECONNRESET (the other side closed
 * too early), ETIMEDOUT, `HPE_...` (not HTTP), those of TLS; the signal's reason
 */
export function request(url: string | URL, outgoing: OutgoingRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.signal?.throwIfAborted()
    follow(send(new URL(url), outgoing), outgoing, resolve, reject)
  })
}

/** Lets go of what is left of a body. A little is read away, so that the connection can serve another request. */
export function discard(body: Readable): void {
  let bytes = 0
  body.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > MAX_DISCARDED_BYTES) body.destroy()
  })
}

function send(url: URL, { agent, method = 'GET', headers = {}, body, stallMs }: OutgoingRequest): ClientRequest {
  const { protocol, pathname, search } = url
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const request = protocol === 'https:' ? httpsRequest : httpRequest
  const req = request({
    agent: agent.for(protocol),
    protocol,
    host,
    port: url.port,
    path: pathname + search,
    method,
    headers,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    ...(protocol === 'https:' && { servername: isIP(host) === 0 ? host : '' }),
    ...(stallMs !== undefined && { timeout: stallMs }),
  })
  return req.end(body)
}

/** Makes one outcome of all that a request of Node can come to. */
function follow(
  req: ClientRequest,
  { signal, stallMs }: OutgoingRequest,
  resolve: (answer: Answer) => void,
  reject: (error: unknown) => void,
): void {
  let response: IncomingMessage | undefined
  const fail = (error: Error) => {
    reject(error)
    // Destroying the request would end the body as if it were whole.
    if (response) response.destroy(error)
    else req.destroy(error)
  }
  const abort = () => fail(signal?.reason as Error)
  signal?.addEventListener('abort', abort)
  req.on('response', (incoming) => {
    const { statusCode: status = 0, headers } = incoming
    response = incoming
    incoming.on('error', () => undefined)
    if (status < 200) fail(failure('HPE_INVALID_STATUS', `${status} is not the status of an answer`))
    else resolve({ status, headers, body: incoming })
  })
  req.on('error', (error) => {
    if (!response?.complete) fail(error)
  })
  req.on('timeout', () => {
    if (stallMs === undefined) return
    // Of a reader that is slow the connection is paused.
    if (response && req.socket?.isPaused()) req.socket.setTimeout(stallMs)
    else fail(failure('ETIMEDOUT', `nothing moved for ${stallMs} ms`))
  })
  const unasked = () => fail(failure('ECONNRESET', 'the other side does not answer but wants to go on'))
  req.on('continue', unasked)
  req.on('upgrade', (_response, socket) => {
    socket.destroy()
    unasked()
  })
  req.on('close', () => {
    signal?.removeEventListener('abort', abort)
    reject(failure('ECONNRESET', 'the connection was closed'))
  })
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code })

import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express'

/** Of the connection, and what went with a body that has been read. */
const LEFT_OUT = [
  'connection',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'expect',
  'authorization',
  'x-api-key',
]

/** A request as the Fetch standard has it, without its body and its key. @param signal aborts when it is given up */
export function webRequest({ method, headers }: ExpressRequest, signal: AbortSignal): Request {
  return new Request('http://gateway/mcp', { method, headers: webHeaders(headers), signal })
}

function webHeaders(headers: IncomingHttpHeaders): Headers {
  const web = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || LEFT_OUT.includes(name)) continue
    for (const one of [value].flat()) web.append(name, one)
  }
  return web
}

/**
 * Sends what the Fetch standard calls a response, as it comes. When the client has gone, the rest is read and thrown away: what
 * makes the response is told of that by the signal of its request alone.
 */
export async function sendWebResponse(res: ExpressResponse, { status, headers, body }: Response): Promise<void> {
  res.status(status)
  for (const [name, value] of headers) res.set(name, value)
  // The answers are one client's alone, and come as they are made.
  res.set({ 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
  if (!body) return void res.end()
  // A connection that breaks is closed, too.
  const closed = once(res, 'close').catch(() => undefined)
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    if (!res.destroyed && !res.write(piece)) await Promise.race([once(res, 'drain'), closed])
  }
  res.end()
}

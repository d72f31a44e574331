import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'

export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** A request as it is given, with headers that `fetch` does not let one set. */
export async function send(
  url: string,
  headers: OutgoingHttpHeaders = {},
  { method = 'GET', body }: { method?: string; body?: string | Buffer } = {},
): Promise<RawAnswer> {
  const req = request(url, { method, headers, agent: false })
  req.end(body)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of res) text += String(chunk)
  return { status: res.statusCode ?? 0, headers: res.headers, text }
}

/** The problem without what differs from request to request. */
export const problemOf = ({ text }: RawAnswer) => JSON.parse(text) as { code: string; status: number; detail: string }

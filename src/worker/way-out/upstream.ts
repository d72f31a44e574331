import { SECOND } from '../../shared/limits.ts'
import { request } from '../../shared/outgoing/request.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'
import { createGuardedAgent } from '../webhooks/guarded-agent.ts'
import { createNameLookup } from '../webhooks/name-lookup.ts'

/** What came of one request. */
export interface UpstreamAnswer {
  status: number
  /** Where it was, after redirections. */
  url: string
  headers: Record<string, string>
  pieces: AsyncIterable<Uint8Array>
  /** @throws Error when there is more */
  text(maxBytes: number): Promise<string>
  /** Lets the rest go. */
  cancel(): void
}

/** Reads from hosts outside for one cell, within bounds; never from internal addresses, unless the operator opened them. */
export interface Upstream {
  /** @throws OutOfBounds, AddressNotAllowed, what the connection says */
  get(url: URL, headers: Record<string, string>): Promise<UpstreamAnswer>
  /** What has passed. */
  readonly used: { requests: number; bytes: number; hosts: ReadonlySet<string> }
  close(): Promise<void>
}

export interface UpstreamBounds {
  maxBytes: number
  maxRequests: number
  /** Of all of it together, and of one request. */
  maxMs: number
  /** In which a host says nothing on a connection; half a minute unless given. */
  stallMs?: number
  /** Multiplies how long a connection may take: `TIMEOUT_FACTOR`; 1 when absent. */
  timeoutFactor?: number
}

/** More was asked for than one cell may have. */
export class OutOfBounds extends Error {
  override readonly name = 'OutOfBounds'
}

const CONNECT_MS = 10 * SECOND
const STALL_MS = 30 * SECOND
const MAX_REDIRECTIONS = 3

/** @param reach internal addresses that may be reached all the same */
export function createUpstream(reach: Reach, bounds: UpstreamBounds, closing: AbortSignal): Upstream {
  const lookup = createNameLookup()
  // An operator may have opened this machine's own addresses; the guard refuses those by themselves.
  const agent = createGuardedAgent({
    reach,
    ...(reach.allow.length > 0 && { own: () => [] }),
    connectTimeoutMs: CONNECT_MS * (bounds.timeoutFactor ?? 1),
    resolve: lookup.resolve,
  })
  const signal = AbortSignal.any([closing, AbortSignal.timeout(bounds.maxMs)])
  const used = { requests: 0, bytes: 0, hosts: new Set<string>() }

  async function* counted(body: AsyncIterable<Uint8Array>) {
    for await (const piece of body) {
      used.bytes += piece.length
      if (used.bytes > bounds.maxBytes)
        throw new OutOfBounds(`more than ${bounds.maxBytes} bytes were to be downloaded`)
      yield piece
    }
  }

  const get = async (url: URL, headers: Record<string, string>, left: number): Promise<UpstreamAnswer> => {
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new Error(`${url.protocol} is no protocol of an index`)
    used.requests += 1
    if (used.requests > bounds.maxRequests)
      throw new OutOfBounds(`more than ${bounds.maxRequests} requests were to be sent`)
    used.hosts.add(url.host)
    const { username, password } = url
    const login =
      username === ''
        ? {}
        : {
            authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
          }
    const plain = new URL(url)
    plain.username = plain.password = ''
    const { stallMs = STALL_MS } = bounds
    const answer = await request(plain, { agent, headers: { ...headers, ...login }, signal, stallMs })
    const { location } = answer.headers
    if ([301, 302, 303, 307, 308].includes(answer.status) && location !== undefined) {
      answer.body.destroy()
      if (left === 0) throw new Error(`${plain.host} redirects too often`)
      return get(new URL(location, plain), headers, left - 1)
    }
    const flat = Object.entries(answer.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    )
    const pieces = counted(answer.body as AsyncIterable<Uint8Array>)
    return {
      status: answer.status,
      url: plain.href,
      headers: Object.fromEntries(flat),
      pieces,
      async text(maxBytes) {
        const parts: Uint8Array[] = []
        let bytes = 0
        for await (const piece of pieces) {
          bytes += piece.length
          if (bytes > maxBytes) throw new OutOfBounds(`${plain.pathname} has more than ${maxBytes} bytes`)
          parts.push(piece)
        }
        return Buffer.concat(parts).toString()
      },
      cancel: () => void answer.body.destroy(),
    }
  }

  return {
    get: (url, headers) => get(url, headers, MAX_REDIRECTIONS),
    used,
    async close() {
      lookup.cancel()
      await agent.close()
    },
  }
}

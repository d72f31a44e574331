import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { type Duplex, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SECOND } from '../../shared/limits.ts'
import type { Agent } from '../../shared/outgoing/agent.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'
import { AddressNotAllowed, createGuardedAgent, type Resolve } from '../webhooks/guarded-agent.ts'
import { createNameLookup } from '../webhooks/name-lookup.ts'
import { NoServerName, serverNameOf } from './client-hello.ts'

/** Connections of one cell to hosts that it may reach. */
export interface Tunnels {
  /** For `openWayOut`. */
  connect: (req: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** What has passed, both ways. */
  readonly used: { connections: number; bytes: number; hosts: ReadonlySet<string> }
  /** Ends them all. */
  close(): Promise<void>
}

export interface TunnelOptions {
  /** Names such as `api.example.com` and `*.example.com`, which is every name below; `:PORT` behind one where it is not 443. */
  allow: readonly string[]
  /** Internal addresses that may be reached all the same. */
  reach: Reach
  bounds: { maxConnections: number; maxBytes: number; /** Of each connection. */ maxMs: number }
  /** Told of each connection when it is over, or refused. Must not throw. */
  ended: (end: TunnelEnd) => void
  /** Looks up names; by the name servers of this machine unless given. */
  resolve?: Resolve
  /** Multiplies how long a connection and the client's first message may take: `TIMEOUT_FACTOR`; 1 when absent. */
  timeoutFactor?: number
}

export interface TunnelEnd {
  /** As it was asked for. */
  target: string
  bytes: number
  ms: number
  /** Why it was refused or broken off; absent: both sides ended it. */
  why?: string
}

const CONNECT_MS = 10 * SECOND
/** From the answer to the client's first message. */
const HELLO_MS = 10 * SECOND
/** In which that message may come: all of it is read anew at each. */
const MAX_HELLO_PIECES = 64
const HTTPS_PORT = 443

/** A connection is not made, or not gone on with. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: string

  constructor(status: string, why: string, cause?: unknown) {
    super(why, { cause })
    this.status = status
  }
}

/**
 * Lets programs of a cell connect to hosts of a list, by TLS alone. A name is looked up here, never in the cell; internal addresses are refused at the
 * connection; and the name that the client asks the server for must be the one that it was let through for.
 */
export function createTunnels({ allow, reach, bounds, ended, resolve, timeoutFactor = 1 }: TunnelOptions): Tunnels {
  const rules = allow.map(ruleOf)
  const lookup = createNameLookup()
  const agent = createGuardedAgent({
    reach,
    ...(reach.allow.length > 0 && { own: () => [] }),
    connectTimeoutMs: CONNECT_MS * timeoutFactor,
    resolve: resolve ?? lookup.resolve,
  })
  const used = { connections: 0, bytes: 0, hosts: new Set<string>() }
  const near = new Set<Duplex>()

  const admit = (url: string): Target => {
    const target = targetOf(url)
    if (!target) throw new Refused('400 Bad Request', 'the target is not HOST:PORT')
    const isAllowed = rules.some(({ matches, port }) => port === target.port && matches(target.host))
    if (!isAllowed) throw new Refused('403 Forbidden', 'the host is not on the allow list')
    if (used.connections >= bounds.maxConnections)
      throw new Refused('403 Forbidden', `more than ${bounds.maxConnections} connections were asked for`)
    used.connections += 1
    used.hosts.add(`${target.host}:${target.port}`)
    return target
  }

  const counting = (own: { bytes: number }) =>
    new Transform({
      transform(piece: Buffer, _encoding, done) {
        own.bytes += piece.length
        used.bytes += piece.length
        if (used.bytes > bounds.maxBytes)
          return done(new Refused('', `more than ${bounds.maxBytes} bytes were to pass`))
        done(null, piece)
      },
    })

  const pass = async (socket: Duplex, head: Buffer, target: Target, own: { bytes: number }): Promise<void> => {
    const far = await connectTo(agent, target)
    try {
      if (socket.destroyed) throw clientGone()
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      const late = AbortSignal.timeout(bounds.maxMs)
      const hello = await firstMessage(socket, head, target.host, HELLO_MS * timeoutFactor)
      // What was read for a look goes first.
      socket.unshift(hello)
      // Each is in both pipelines, which listen for each of their ends.
      for (const end of [socket, far]) end.setMaxListeners(20)
      await Promise.all([
        pipeline(socket, counting(own), far, { signal: late }),
        pipeline(far, counting(own), socket, { signal: late }),
      ]).catch((error: unknown) => {
        throw late.aborted ? new Refused('', `it took longer than ${bounds.maxMs} ms`, error) : error
      })
    } finally {
      far.destroy()
    }
  }

  return {
    connect(req, socket, head) {
      const target = req.url ?? ''
      const begun = performance.now()
      const own = { bytes: 0 }
      near.add(socket)
      const end = (why?: string) => {
        near.delete(socket)
        ended({
          target,
          bytes: own.bytes,
          ms: Math.round(performance.now() - begun),
          ...(why !== undefined && { why }),
        })
      }
      const work = async () => pass(socket, head, admit(target), own)
      work().then(
        () => end(),
        (error: Error) => {
          const status = error instanceof Refused ? error.status : ''
          if (status === '') socket.destroy()
          else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
          end(error.message)
        },
      )
    },
    used,
    async close() {
      for (const socket of near) socket.destroy()
      lookup.cancel()
      await agent.close()
    },
  }
}

interface Target {
  host: string
  port: number
}

/** What `CONNECT` names: a host name and a port. @returns undefined for addresses and whatever is not one of them */
function targetOf(url: string): Target | undefined {
  const [, host = '', port = ''] = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*):([1-9][0-9]{0,4})$/i.exec(url) ?? []
  // The last part of a name is never a number (RFC 1123); of the ways to write an address it is.
  const isName = host !== '' && isIP(host) === 0 && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i.test(host)
  return isName && Number(port) <= 65_535 ? { host: host.toLowerCase(), port: Number(port) } : undefined
}

/** @throws Error when it is none */
function ruleOf(text: string): { port: number; matches: (host: string) => boolean } {
  const [, star, name, port] = /^(\*\.)?([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)(?::([1-9][0-9]{0,4}))?$/i.exec(text) ?? []
  const target = targetOf(`${name ?? ''}:${port ?? HTTPS_PORT}`)
  if (!target) throw new Error(`${text} is no host name that can be allowed`)
  const { host } = target
  return {
    port: target.port,
    matches: star === undefined ? (asked) => asked === host : (asked) => asked.endsWith(`.${host}`),
  }
}

function connectTo(agent: Agent, { host, port }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error | null) => {
      const isInternal = error instanceof AddressNotAllowed
      const why = isInternal ? 'its address is internal' : `it cannot be reached: ${error?.message ?? 'closed'}`
      reject(new Refused(isInternal ? '403 Forbidden' : '502 Bad Gateway', why, error))
    }
    const socket = agent.for('http:').createConnection({ host, port }, (error) => error && fail(error)) as Socket
    socket.once('error', fail)
    socket.once('close', () => fail())
    socket.once('connect', () => resolve(socket))
  })
}

/** Reads until the client has said which server it wants. @returns all that was read @throws Refused when that is another one */
async function firstMessage(socket: Duplex, head: Buffer, host: string, helloMs: number): Promise<Buffer> {
  let said = head
  const late = setTimeout(() => socket.destroy(new Refused('', 'the client says nothing')), helloMs)
  try {
    for (let pieces = 0; pieces < MAX_HELLO_PIECES; pieces++) {
      const name = serverNameOf(said)
      if (name === host) return said
      if (name !== undefined) throw new Refused('', `the client asks the server for ${name.slice(0, 255)}`)
      said = Buffer.concat([said, await nextPiece(socket)])
    }
    throw new Refused('', 'the first message comes in too many pieces')
  } catch (error) {
    throw error instanceof NoServerName ? new Refused('', error.message, error) : error
  } finally {
    clearTimeout(late)
  }
}

const clientGone = () => new Refused('', 'the client went away')

async function nextPiece(socket: Duplex): Promise<Buffer> {
  // Of what has happened already it tells no more.
  if (socket.destroyed || socket.readableEnded) throw clientGone()
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.off('readable', look).off('end', gone).off('close', gone).off('error', failed)
    }
    const failed = (error: Error) => {
      done()
      reject(error)
    }
    const gone = () => failed(clientGone())
    const look = () => {
      const piece = socket.read() as Buffer | null
      if (piece === null) return
      done()
      resolve(piece)
    }
    socket.on('readable', look).on('end', gone).on('close', gone).on('error', failed)
    look()
  })
}

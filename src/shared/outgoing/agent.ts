import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import { SECOND } from '../limits.ts'

/** Makes the connections of requests that Runyard sends. Uses no proxy, whatever the environment says. */
export interface Agent {
  /** Node's agent for a protocol. @throws Error when the protocol is none of HTTP's, or the agent is closed */
  for(protocol: string): HttpAgent
  /** Ends every connection, with the requests on it. Idempotent. */
  close(): Promise<void>
}

export interface AgentOptions {
  /** Of a connection, from the name to the end of the TLS handshake, in ms. */
  connectTimeoutMs: number
  /**
   * Is asked before each connection how the name is looked up; `getaddrinfo` unless given. An address that stands in the URL as such is not
   * looked up: what it throws refuses the connection.
   * @param host a name, or an address without brackets
   */
  lookupFor?: (host: string, port: number) => LookupFunction
  /** Whether a connection may serve several requests. */
  keepAlive?: boolean
}

/** A connection that waits for another request is closed after this; servers close theirs after 5 s or more. */
const IDLE_MS = 4 * SECOND

export function createAgent(options: AgentOptions): Agent {
  const connections = new Set<Duplex>()
  const agents = new Map<string, HttpAgent>()
  let isClosed = false
  const create = (protocol: string): HttpAgent => {
    const Node = protocol === 'https:' ? HttpsAgent : HttpAgent
    const agent = new Node(options.keepAlive ? { keepAlive: true, timeout: IDLE_MS } : { keepAlive: false })
    const ready = protocol === 'https:' ? 'secureConnect' : 'connect'
    guardConnections(agent, ready, connections, options)
    agents.set(protocol, agent)
    return agent
  }
  return {
    for(protocol) {
      if (isClosed) throw new Error('no more requests are sent: the agent is closed')
      if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`${protocol} is not a protocol of HTTP`)
      return agents.get(protocol) ?? create(protocol)
    },
    async close() {
      isClosed = true
      await Promise.all([...connections].map((one) => new Promise((resolve) => one.once('close', resolve).destroy())))
    },
  }
}

/** Lets an agent of Node connect only as `lookupFor` says, in time, and with an end for every error of a connection. */
function guardConnections(
  agent: HttpAgent,
  ready: 'connect' | 'secureConnect',
  connections: Set<Duplex>,
  { lookupFor, connectTimeoutMs }: AgentOptions,
): void {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (target: ClientRequestArgs, callback) => {
    const { host, port } = target
    let lookup: LookupFunction | undefined
    try {
      lookup = lookupFor?.(String(host), Number(port))
    } catch (error) {
      callback?.(error as Error, undefined as unknown as Duplex)
      return undefined
    }
    const socket = connect({ ...target, ...(lookup && { lookup }) }, callback) as Duplex
    connections.add(socket)
    const late = setTimeout(() => {
      const message = `no connection to ${host}:${port} within ${connectTimeoutMs} ms`
      socket.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
    }, connectTimeoutMs)
    socket.once(ready, () => clearTimeout(late))
    socket.once('close', () => {
      clearTimeout(late)
      connections.delete(socket)
    })
    // Whoever waits for the answer is told by it; an error behind it concerns nobody.
    socket.on('error', () => undefined)
    return socket
  }
}

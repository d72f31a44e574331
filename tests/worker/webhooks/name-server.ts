import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import ipaddr from 'ipaddr.js'

/** A name server on this machine, for as many names as it is told of. */
export interface NameServer {
  /** For `Resolver.setServers`. */
  address: string
  /** The names that were asked for, once for each question. */
  asked: string[]
  close: () => Promise<void>
}

/** What is known of a name: its addresses; `silent`: it is never answered; nothing: there is no such name. */
export type Zone = Record<string, string[] | 'silent' | FailsFirst>
/** The server fails at the first questions of each type. */
interface FailsFirst {
  failures: number
  addresses: string[]
}

const TYPES = { ipv4: 1, ipv6: 28 } as const
const SERVER_FAILURE = 2
const NO_SUCH_NAME = 3

/** Answers as RFC 1035 has it, over UDP. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  const failures = new Map<string, number>()
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query)
    asked.push(name)
    const entry = zone[name]
    if (entry === 'silent') return
    const isList = entry === undefined || Array.isArray(entry)
    const question = `${name} ${type}`
    const failed = failures.get(question) ?? 0
    const isFailing = !isList && failed < entry.failures
    failures.set(question, failed + 1)
    const known = isList ? entry : isFailing ? [] : entry.addresses
    const addresses = (known ?? []).map((text) => ipaddr.parse(text)).filter((one) => TYPES[one.kind()] === type)
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (isFailing ? SERVER_FAILURE : known ? 0 : NO_SUCH_NAME), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(addresses.length, 6)
    const answers = addresses.map((one) => {
      const bytes = Buffer.from(one.toByteArray())
      const record = Buffer.alloc(12)
      record.writeUInt16BE(0xc00c, 0) // The name of the question.
      record.writeUInt16BE(type, 2)
      record.writeUInt16BE(1, 4)
      record.writeUInt32BE(0, 6) // Not to be kept.
      record.writeUInt16BE(bytes.length, 10)
      return Buffer.concat([record, bytes])
    })
    socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** The one question of a query, and where it ends. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

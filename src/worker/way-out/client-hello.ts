import { KIB } from '../../shared/limits.ts'

/** A first message that is longer is none that a client sends. */
const MAX_HELLO_BYTES = 32 * KIB
/** Clients send one or two. Many small ones would only be work to read. */
const MAX_RECORDS = 16
const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0
/** `encrypted_client_hello`: a second message in the first, which may name another server. */
const ENCRYPTED_HELLO = 0xfe0d

/** What came is not the beginning of a TLS connection that names its server. */
export class NoServerName extends Error {
  override readonly name = 'NoServerName'
}

/**
 * The server name that a TLS client asks for, by the first bytes that it sends: records of the handshake (RFC 8446, 5.1) with a ClientHello (4.1.2),
 * in which an extension has the name (RFC 6066, 3). Anything that can be read in two ways is refused, and a message in which another is hidden: whether
 * that is one, or what some clients send in its place for all to look the same, cannot be told from here.
 * @returns in lower case; undefined while more bytes have to come
 * @throws NoServerName
 */
export function serverNameOf(bytes: Buffer): string | undefined {
  const hello = clientHello(bytes)
  if (!hello) {
    if (bytes.length > MAX_HELLO_BYTES) throw new NoServerName('the first message is too long')
    return undefined
  }
  const fields = reader(hello)
  fields.take(2 + 32) // Version and random.
  fields.vector(1) // Session.
  fields.vector(2) // Cipher suites.
  fields.vector(1) // Compression methods.
  const extensions = extensionsOf(fields)
  if (extensions.some(({ type }) => type === ENCRYPTED_HELLO))
    throw new NoServerName('it may hide another server name (Encrypted Client Hello)')
  const names = extensions.filter(({ type }) => type === SERVER_NAME)
  const [only, second] = names.flatMap(({ data }) => namesIn(data))
  if (only === undefined || second !== undefined) throw new NoServerName('it names no server, or several')
  return only
}

/** The content of the first message of a handshake, without its head, once it is there. What comes behind it is another matter. */
function clientHello(bytes: Buffer): Buffer | undefined {
  let message: Buffer = Buffer.alloc(0)
  for (let at = 0, records = 1; at < bytes.length; records++) {
    if (records > MAX_RECORDS) throw new NoServerName('its first message is in too many records')
    if (bytes[at] !== HANDSHAKE || (bytes[at + 1] ?? 3) !== 3) throw new NoServerName('it is not TLS')
    if (at + 5 > bytes.length) return undefined
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    message = Buffer.concat([message, bytes.subarray(at + 5, end)])
    at = end
    if (message.length > 0 && message[0] !== CLIENT_HELLO) throw new NoServerName('it does not begin as a client does')
    const whole = message.length < 4 ? Infinity : 4 + message.readUIntBE(1, 3)
    if (message.length >= whole) return message.subarray(4, whole)
  }
  return undefined
}

function extensionsOf(fields: Reader): { type: number; data: Buffer }[] {
  const found: { type: number; data: Buffer }[] = []
  if (fields.isAtEnd()) return found
  const extensions = reader(fields.vector(2))
  while (!extensions.isAtEnd()) found.push({ type: extensions.number(2), data: extensions.vector(2) })
  return found
}

function namesIn(extension: Buffer): string[] {
  const entries = reader(reader(extension).vector(2))
  const names: string[] = []
  while (!entries.isAtEnd()) {
    if (entries.number(1) !== HOST_NAME)
      throw new NoServerName('it names its server in another way than by a host name')
    names.push(entries.vector(2).toString('latin1').toLowerCase())
  }
  return names
}

interface Reader {
  take(count: number): Buffer
  number(bytes: 1 | 2): number
  /** What stands behind its own length. */
  vector(lengthBytes: 1 | 2): Buffer
  isAtEnd(): boolean
}

function reader(bytes: Buffer): Reader {
  let at = 0
  const own: Reader = {
    take(count) {
      if (at + count > bytes.length) throw new NoServerName('its first message cannot be read')
      return bytes.subarray(at, (at += count))
    },
    number: (count) => own.take(count).readUIntBE(0, count),
    vector: (lengthBytes) => own.take(own.number(lengthBytes)),
    isAtEnd: () => at === bytes.length,
  }
  return own
}

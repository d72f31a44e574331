/**
 * The Connect protocol with its JSON codec (https://connectrpc.com/docs/protocol). A unary call is a POST of JSON. A stream is a
 * sequence of frames: a byte of flags, the length in four bytes, big endian, and JSON; the last one has the flag `END` and the error,
 * if any.
 */
export const CONNECT_STATUSES = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
} as const
export type ConnectCode = keyof typeof CONNECT_STATUSES

export interface ConnectError {
  code: ConnectCode
  message: string
}

const COMPRESSED = 0x01
const END = 0x02
const HEAD_BYTES = 5

/** One frame of a stream. */
export function frameOf(message: unknown, flags = 0): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = flags
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** The last frame of a stream. */
export const endFrame = (error?: ConnectError): Buffer => frameOf(error ? { error } : {}, END)

/** Why a stream cannot be read. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault'
}

/**
 * Cuts a stream into its messages.
 * @param mostBytes longest message
 * @returns a function of the next chunk, that gives the messages which are complete, as JSON has them
 * @throws FrameFault, from that function
 */
export function createFrameReader(mostBytes: number): { push: (chunk: Buffer) => unknown[]; isEmpty: () => boolean } {
  let rest: Buffer = Buffer.alloc(0)
  return {
    isEmpty: () => rest.length === 0,
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const messages: unknown[] = []
      while (rest.length >= HEAD_BYTES) {
        const flags = rest[0] ?? 0
        const length = rest.readUInt32BE(1)
        if ((flags & COMPRESSED) !== 0) throw new FrameFault('a message is compressed, which is not taken here')
        if (length > mostBytes) throw new FrameFault(`a message has ${length} bytes; ${mostBytes} are allowed`)
        if (rest.length < HEAD_BYTES + length) break
        const text = rest.subarray(HEAD_BYTES, HEAD_BYTES + length).toString()
        rest = rest.subarray(HEAD_BYTES + length)
        if ((flags & END) !== 0) continue
        try {
          messages.push(JSON.parse(text))
        } catch {
          throw new FrameFault('a message is not JSON')
        }
      }
      return messages
    },
  }
}

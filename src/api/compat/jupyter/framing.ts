import { KIB } from '../../../shared/limits.ts'
import { membersOf } from '../system/read-body.ts'

/**
 * Messages of the Jupyter protocol as they go over a WebSocket, in both of its framings.
 *
 * Default, as text: JSON with the channel, the four parts of a message, and for convenience `msg_id` and `msg_type`. A message with
 * buffers is binary: the number of parts and the offset of each (32 bits, big endian), then the JSON, then the buffers.
 *
 * `v1.kernel.websocket.jupyter.org`, always binary: the number of offsets and the offsets (64 bits, little endian), then channel, header,
 * parent header, metadata, content, and the buffers. The last offset is the end.
 */
export interface JupyterMessage {
  channel: string
  header: Readonly<Record<string, unknown>>
  parent_header: Readonly<Record<string, unknown>>
  metadata: Readonly<Record<string, unknown>>
  content: Readonly<Record<string, unknown>>
  buffers: readonly Uint8Array[]
}

export const V1_PROTOCOL = 'v1.kernel.websocket.jupyter.org'

/** Offsets in a frame, each of which becomes an object. */
const MAX_OFFSETS = 64
/** It is kept for as long as its request waits, and goes into every answer. */
const MAX_HEADER_BYTES = 4 * KIB

/** What a client sent is no message. */
export class FramingError extends Error {
  override readonly name = 'FramingError'
}

/** @param isV1 whether the socket speaks `v1.kernel.websocket.jupyter.org` */
export function encodeMessage(message: JupyterMessage, isV1: boolean): string | Buffer {
  return isV1 ? encodeV1(message) : encodeDefault(message)
}

/**
 * @param isBinary whether it came as a binary message
 * @throws FramingError
 */
export function decodeMessage(data: Buffer, isBinary: boolean, isV1: boolean): JupyterMessage {
  if (isV1) return decodeV1(data)
  if (!isBinary) return messageOf(parse(data), [])
  const [json = data, ...buffers] = cut(data, readOffsets32(data))
  return messageOf(parse(json), buffers)
}

function encodeDefault({ buffers, ...message }: JupyterMessage): string | Buffer {
  const { msg_id, msg_type } = message.header
  const json = JSON.stringify({ ...message, buffers: [], msg_id, msg_type })
  if (buffers.length === 0) return json
  const parts = [Buffer.from(json), ...buffers]
  const head = Buffer.alloc(4 * (parts.length + 1))
  head.writeUInt32BE(parts.length, 0)
  let offset = head.length
  for (const [index, part] of parts.entries()) {
    head.writeUInt32BE(offset, 4 * (index + 1))
    offset += part.length
  }
  return Buffer.concat([head, ...parts])
}

function encodeV1({ channel, header, parent_header, metadata, content, buffers }: JupyterMessage): Buffer {
  const texts = [header, parent_header, metadata, content].map((part) => Buffer.from(JSON.stringify(part)))
  const parts = [Buffer.from(channel), ...texts, ...buffers]
  const head = Buffer.alloc(8 * (parts.length + 2))
  head.writeBigUInt64LE(BigInt(parts.length + 1), 0)
  let offset = head.length
  for (const [index, part] of parts.entries()) {
    head.writeBigUInt64LE(BigInt(offset), 8 * (index + 1))
    offset += part.length
  }
  head.writeBigUInt64LE(BigInt(offset), 8 * (parts.length + 1))
  return Buffer.concat([head, ...parts])
}

function readOffsets32(data: Buffer): number[] {
  const count = data.length >= 4 ? data.readUInt32BE(0) : 0
  if (count < 1 || 4 * (count + 1) > data.length) throw new FramingError('the frame has no offsets')
  if (count > MAX_OFFSETS) throw tooManyOffsets(count)
  const offsets = Array.from({ length: count }, (_none, index) => data.readUInt32BE(4 * (index + 1)))
  return [...offsets, data.length]
}

function decodeV1(data: Buffer): JupyterMessage {
  const count = data.length >= 8 ? data.readBigUInt64LE(0) : 0n
  if (count < 6n || 8n * (count + 1n) > BigInt(data.length)) throw new FramingError('the frame has no offsets')
  if (count > MAX_OFFSETS) throw tooManyOffsets(count)
  const offsets = Array.from({ length: Number(count) }, (_none, index) => Number(data.readBigUInt64LE(8 * (index + 1))))
  const [channel, header, parent, metadata, content, ...buffers] = cut(data, offsets)
  const texts = { header, parent_header: parent, metadata, content }
  const parts = Object.fromEntries(Object.entries(texts).map(([name, bytes]) => [name, parse(bytes)]))
  return messageOf({ ...parts, channel: channel?.toString() }, buffers)
}

const tooManyOffsets = (count: number | bigint) =>
  new FramingError(`the frame has ${count} offsets; ${MAX_OFFSETS} are allowed`)

/** What lies between each two offsets. */
function cut(data: Buffer, offsets: readonly number[]): Buffer[] {
  return offsets.slice(0, -1).map((from, index) => {
    const to = offsets[index + 1] ?? 0
    if (from > to || to > data.length) throw new FramingError('the offsets of the frame lie outside of it')
    return data.subarray(from, to)
  })
}

function parse(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString() ?? '')
  } catch {
    throw new FramingError('the message is not JSON')
  }
}

function messageOf(value: unknown, buffers: Buffer[]): JupyterMessage {
  const { channel = 'shell', header, parent_header, metadata, content } = membersOf(value)
  const { msg_id, msg_type } = membersOf(header)
  if (typeof channel !== 'string') throw new FramingError('the channel is no text')
  if (typeof msg_id !== 'string' || typeof msg_type !== 'string') {
    throw new FramingError('the header has no msg_id or msg_type')
  }
  const headerBytes = jsonBytes(header)
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new FramingError(`the header has ${headerBytes} bytes; ${MAX_HEADER_BYTES} are allowed`)
  }
  return {
    channel,
    header: membersOf(header),
    parent_header: membersOf(parent_header),
    metadata: membersOf(metadata),
    content: membersOf(content),
    buffers,
  }
}

function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch {
    throw new FramingError('the header is nested too deeply')
  }
}

import { inflateRawSync } from 'node:zlib'

/** A file of an archive. */
export interface ZipEntry {
  path: string
  content: Buffer
}

/** What is wrong with an archive, as a sentence without a subject. */
export class ZipFault extends Error {
  override readonly name = 'ZipFault'
}

const END = 0x06054b50
const END_BYTES = 22
const CENTRAL = 0x02014b50
const CENTRAL_BYTES = 46
const LOCAL = 0x04034b50
const LOCAL_BYTES = 30
const MAX_COMMENT_BYTES = 0xffff
const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 1

/**
 * Unpacks a ZIP archive (APPNOTE 6.3, without ZIP64, encryption and parts). Its folders are left out: files make them.
 * @param maxBytes of all files together; no more is unpacked
 * @throws ZipFault
 */
export function unzip(archive: Buffer, maxFiles: number, maxBytes: number): ZipEntry[] {
  const end = findEnd(archive)
  const count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  const entries: ZipEntry[] = []
  let left = maxBytes
  for (let index = 0; index < count; index++) {
    const header = slice(archive, at, CENTRAL_BYTES)
    if (header.readUInt32LE(0) !== CENTRAL) throw new ZipFault('is not a valid zip archive')
    const nameBytes = header.readUInt16LE(28)
    const path = slice(archive, at + CENTRAL_BYTES, nameBytes).toString()
    at += CENTRAL_BYTES + nameBytes + header.readUInt16LE(30) + header.readUInt16LE(32)
    if (path.endsWith('/')) continue
    if (entries.length === maxFiles) throw new ZipFault(`has more than ${maxFiles} files`)
    const content = unpack(archive, header, left, maxBytes)
    left -= content.length
    entries.push({ path, content })
  }
  return entries
}

/** Where the end of the central directory is told. */
function findEnd(archive: Buffer): number {
  const first = Math.max(0, archive.length - END_BYTES - MAX_COMMENT_BYTES)
  for (let at = archive.length - END_BYTES; at >= first; at--) if (archive.readUInt32LE(at) === END) return at
  throw new ZipFault('is not a valid zip archive')
}

function unpack(archive: Buffer, header: Buffer, left: number, maxBytes: number): Buffer {
  const start = header.readUInt32LE(42)
  const local = slice(archive, start, LOCAL_BYTES)
  if (local.readUInt32LE(0) !== LOCAL) throw new ZipFault('is not a valid zip archive')
  if (header.readUInt16LE(8) & ENCRYPTED) throw new ZipFault('is encrypted')
  const begin = start + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28)
  const packed = slice(archive, begin, header.readUInt32LE(20))
  const method = header.readUInt16LE(10)
  const tooLarge = new ZipFault(`has more than ${maxBytes} bytes unpacked`)
  if (method === STORED) {
    if (packed.length > left) throw tooLarge
    return packed
  }
  if (method !== DEFLATED) throw new ZipFault(`uses the compression method ${method}; allowed are 0 and 8`)
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, left) })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge
    throw new ZipFault('is not a valid zip archive')
  }
}

function slice(bytes: Buffer, start: number, length: number): Buffer {
  if (start + length > bytes.length) throw new ZipFault('is not a valid zip archive')
  return bytes.subarray(start, start + length)
}

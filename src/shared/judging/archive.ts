import { crc32 } from 'node:zlib'
import { MIB } from '../units.ts'
import { gunzip, inflate } from './inflate.ts'
import { type PackedFile, PackedFiles } from './packed-files.ts'

/** The most that is read of an archive. */
export interface ArchiveBounds {
  /** Bytes of all its files together, unpacked. */
  maxBytes: number
  maxFiles: number
  /** Of the paths of all its files, names those that nobody reads: they are not unpacked, and count towards no bound. */
  unread?: (paths: ReadonlySet<string>) => (path: string) => boolean
}

/** Something is wrong with an archive, in words for whoever sent it. */
export class ArchiveFault extends Error {
  override readonly name: string = 'ArchiveFault'
}

/** An archive unpacks to more than the bounds allow. */
export class ArchiveTooLarge extends ArchiveFault {
  override readonly name = 'ArchiveTooLarge'
}

/**
 * Reads the regular files of a zip, tar or tar.gz, told apart by how they begin. Folders and links are left out, as is what `hidden`
 * names: paths with a part that begins with a dot, and `__MACOSX`. A folder that has all the others is taken off their paths.
 * @returns contents by path, with `/`; a member of a zip is unpacked when it is asked for, and throws an ArchiveFault then when it is broken
 * @throws ArchiveFault when it is no such archive, is broken, uses what is not read here, or unpacks to more than the bounds
 */
export function readArchive(bytes: Buffer, bounds: ArchiveBounds): PackedFiles {
  const all = new Map<string, PackedFile>()
  const add = (path: string, size: number, content: () => Buffer) => {
    const clean = cleanPath(path)
    if (clean === undefined || isHidden(clean)) return
    if (all.has(clean)) throw new ArchiveFault(`has two files ${clean}`)
    all.set(clean, { size, content })
  }
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === ZIP_LOCAL) readZip(bytes, add)
  else if (bytes[0] === 0x1f && bytes[1] === 0x8b) readTar(unpacked(bytes, bounds), add)
  else if (bytes.subarray(257, 262).toString('latin1') === 'ustar') readTar(bytes, add)
  else throw new ArchiveFault('is neither a zip nor a tar archive')
  const found = withoutCommonFolder(all)
  const isUnread = bounds.unread?.(new Set(found.keys())) ?? (() => false)
  const files = new PackedFiles(new Map([...found].filter(([path]) => !isUnread(path))))
  if (files.size > bounds.maxFiles)
    throw new ArchiveFault(`has more than ${bounds.maxFiles} files, the most that is allowed`)
  if (files.bytes > bounds.maxBytes) throw tooMuch(bounds)
  return files
}

function tooMuch({ maxBytes }: ArchiveBounds): ArchiveTooLarge {
  const most = maxBytes % MIB === 0 ? `${maxBytes / MIB} MiB` : `${maxBytes} bytes`
  return new ArchiveTooLarge(`unpacks to more than ${most}, the most that is allowed`)
}

type Add = (path: string, size: number, content: () => Buffer) => void

const ZIP_LOCAL = 0x04034b50
const ZIP_CENTRAL = 0x02014b50
const ZIP_END = 0x06054b50
const ZIP_END_BYTES = 22
const MAX_COMMENT_BYTES = 0xffff

/** Source: APPNOTE.TXT of PKWARE, 4.3 and 4.4. Names come from the central directory, which is at the end. */
function readZip(bytes: Buffer, add: Add): void {
  const end = endOfZip(bytes)
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== ZIP_CENTRAL)
      throw new ArchiveFault('is broken: its list of files is not whole')
    const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)]
    const [crc, packed, size] = [16, 20, 24].map((offset) => bytes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const [attributes, local] = [bytes.readUInt32LE(at + 38), bytes.readUInt32LE(at + 42)]
    const name = bytes.subarray(at + 46, at + 46 + nameBytes).toString()
    at += 46 + nameBytes + extraBytes + commentBytes
    // The upper half of the attributes has the mode, where a Unix made it.
    const kind = (attributes >>> 16) & 0o170000
    if (name.endsWith('/') || (kind !== 0 && kind !== 0o100000)) continue
    if ((flags & 1) !== 0) throw new ArchiveFault(`is encrypted, at ${name}`)
    if (size === 0xffffffff || packed === 0xffffffff)
      throw new ArchiveFault(`is a zip64, at ${name}, which is not read here`)
    add(name, size, () => zipContent(bytes, { name, local, method, crc, packed, size }))
  }
}

function endOfZip(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - ZIP_END_BYTES - MAX_COMMENT_BYTES)
  for (let at = bytes.length - ZIP_END_BYTES; at >= first; at--) {
    if (bytes.readUInt32LE(at) === ZIP_END) return at
  }
  throw new ArchiveFault('is broken: the end of the zip is missing')
}

interface ZipEntry {
  name: string
  /** Where its own header is. */
  local: number
  method: number
  crc: number
  packed: number
  size: number
}

function zipContent(bytes: Buffer, { name, local, method, crc, packed, size }: ZipEntry): Buffer {
  const broken = () => new ArchiveFault(`is broken, at ${name}`)
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== ZIP_LOCAL) throw broken()
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
  if (start + packed > bytes.length) throw broken()
  const content = bytes.subarray(start, start + packed)
  if (method !== 0 && method !== 8)
    throw new ArchiveFault(`packs ${name} by method ${method}; read are 0 (stored) and 8 (deflate)`)
  let whole: Buffer
  try {
    // No more than it says of itself, whatever comes out.
    whole = method === 0 ? content : inflate(content, size)
  } catch {
    throw broken()
  }
  if (whole.length !== size || crc32(whole) !== crc) throw broken()
  return whole
}

/** Unread files may be so many times what is read. */
const UNREAD_FACTOR = 3

/** As far as the bounds let it be: names and padding take a block or two for each file. */
function unpacked(bytes: Buffer, bounds: ArchiveBounds): Buffer {
  const { maxBytes, maxFiles, unread } = bounds
  const maxOutputLength = (unread ? 1 + UNREAD_FACTOR : 1) * (maxBytes + (4 * maxFiles + 20) * BLOCK)
  try {
    return gunzip(bytes, maxOutputLength)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      throw new ArchiveFault('is broken: gzip cannot unpack it')
    throw tooMuch(bounds)
  }
}

const BLOCK = 512

/** Source: POSIX.1-2024, pax, "ustar Interchange Format"; long names as GNU tar (`L`) and pax (`x`) have them. */
function readTar(bytes: Buffer, add: Add): void {
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) return
    const size = octal(header.subarray(124, 136))
    const start = at + BLOCK
    if (size === undefined || start + size > bytes.length) throw new ArchiveFault('is broken: the tar is not whole')
    const content = bytes.subarray(start, start + size)
    const type = String.fromCharCode(header[156] ?? 0)
    at = start + Math.ceil(size / BLOCK) * BLOCK
    if (type === 'L') longName = text(content)
    else if (type === 'x') longName = paxPath(content) ?? longName
    else {
      const prefix =
        header.subarray(257, 262).toString('latin1') === 'ustar' && header[263] === 0x30
          ? text(header.subarray(345, 500))
          : ''
      const name = text(header.subarray(0, 100))
      const path = longName ?? (prefix === '' ? name : `${prefix}/${name}`)
      longName = undefined
      if (type === '0' || type === '\0') add(path, size, () => content)
    }
  }
}

const text = (field: Buffer): string => {
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString()
}

function octal(field: Buffer): number | undefined {
  const digits = text(field).trim()
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : undefined
}

/** The path in the records `LENGTH NAME=VALUE\n` of a pax header. */
function paxPath(records: Buffer): string | undefined {
  let path: string | undefined
  for (let at = 0; at < records.length;) {
    const space = records.indexOf(0x20, at)
    const length = Number(records.subarray(at, space).toString())
    if (space < 0 || !Number.isInteger(length) || length <= space - at)
      throw new ArchiveFault('is broken: a pax header is not whole')
    const record = records.subarray(space + 1, at + length - 1).toString()
    if (record.startsWith('path=')) path = record.slice('path='.length)
    at += length
  }
  return path
}

/** As paths of files in requests. */
const MAX_PATH = 1024

/** @returns undefined for a folder. @throws ArchiveFault for a path that leads out */
function cleanPath(path: string): string | undefined {
  if (path.endsWith('/')) return undefined
  if (path.length > MAX_PATH) throw new ArchiveFault(`has a path of ${path.length} characters; ${MAX_PATH} are allowed`)
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (path.startsWith('/') || parts.includes('..') || path.includes('\\') || path.includes('\0')) {
    throw new ArchiveFault(`has the path ${JSON.stringify(path)}; paths are relative, with "/" and without ".."`)
  }
  return parts.length === 0 ? undefined : parts.join('/')
}

const isHidden = (path: string): boolean => path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')

function withoutCommonFolder<T>(files: Map<string, T>): Map<string, T> {
  const tops = new Set([...files.keys()].map((path) => path.slice(0, path.indexOf('/') + 1)))
  const [top = ''] = tops
  if (tops.size !== 1 || top === '') return files
  return new Map([...files].map(([path, content]) => [path.slice(top.length), content]))
}

/** The longest path of a tar that needs no header of its own for it. */
const NAME_BYTES = 100

/** A tar of these files, each readable by everybody, in pieces: a file is asked for when those before it are taken. Source: as `readTar`. */
export function* tarOf(files: Iterable<readonly [path: string, content: Buffer]>): Generator<Buffer, void> {
  for (const [path, content] of files) {
    const isLong = Buffer.byteLength(path) > NAME_BYTES
    if (isLong) yield* entry('././@LongLink', 'L', Buffer.from(`${path}\0`))
    yield* entry(path, '0', content)
  }
  yield Buffer.alloc(2 * BLOCK)
}

/** The same in one. */
export const writeTar = (files: ReadonlyMap<string, Buffer>): Buffer => Buffer.concat([...tarOf(files)])

function entry(path: string, type: string, content: Buffer): Buffer[] {
  const header = Buffer.alloc(BLOCK)
  header.write(path, 0, NAME_BYTES)
  header.write('0000644\0' + '0000000\0' + '0000000\0', NAME_BYTES, 'latin1')
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write(`${'0'.repeat(11)}\0`, 136, 'latin1')
  header.write(' '.repeat(8), 148, 'latin1')
  header.write(type, 156, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
}

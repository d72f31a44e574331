import { createReadStream } from 'node:fs'
import { chmod, type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The most that an environment may be. */
export interface TreeBounds {
  maxBytes: number
  maxFiles: number
}

/** A pack is not one, not whole, or holds what an environment may not. Nothing of it is used. */
export class PackFault extends Error {
  override readonly name = 'PackFault'
}

const MAGIC = Buffer.from('RYPACK1\n')
const ENTRY_BYTES = 11
const MAX_PATH_BYTES = 1024
/** Of one part of a path: more no file system of Linux takes. */
const MAX_NAME_BYTES = 255
/** What even an empty file, or a folder, takes of a disk. */
const LEAST_BYTES = 4096

/**
 * Unpacks what an installer wrote: `RYPACK1` and a line end, then entries of one byte (1: executable), the lengths of path (2 bytes) and content
 * (8 bytes, big endian), path, content; an entry without path is the last. It comes from a cell in which a stranger's files were read, so it
 * is believed nothing: every path is relative and clean, no name is longer than a file may have, every file new and plain, and nothing is a link.
 * @param folder an empty one; the caller removes it when this throws
 * @returns number of files and folders, and their bytes, each at least 4 KiB
 * @throws PackFault; what the disk answers
 */
export async function unpack(
  pack: string,
  folder: string,
  bounds: TreeBounds,
): Promise<{ bytes: number; files: number }> {
  const isMasked = (process.umask() & 0o055) !== 0
  const source = createSource(createReadStream(pack, { highWaterMark: 1 << 20 }))
  try {
    if (!(await source.take(MAGIC.length)).equals(MAGIC)) throw new PackFault('is not a pack')
    const made = new Set<string>([folder])
    let bytes = 0
    let files = 0
    const count = (size: number) => {
      files += 1
      bytes += Math.max(size, LEAST_BYTES)
      if (files > bounds.maxFiles) throw new PackFault(`has more than ${bounds.maxFiles} files and folders`)
      if (bytes > bounds.maxBytes) throw new PackFault(`has more than ${bounds.maxBytes} bytes`)
    }
    for (;;) {
      const head = await source.take(ENTRY_BYTES)
      const pathBytes = head.readUInt16BE(1)
      const size = Number(head.readBigUInt64BE(3))
      if (pathBytes === 0) break
      count(size)
      const path = cleanPath(await source.take(pathBytes))
      const taken = () => new PackFault(`has two files, or a file and a folder, in one place: ${shortened(path)}`)
      const target = join(folder, path)
      const parent = dirname(target)
      if (!made.has(parent)) {
        for (const place of missing(parent, made)) {
          count(0)
          await mkdir(place, { mode: 0o755 }).catch(orElse('EEXIST', taken))
          if (isMasked) await chmod(place, 0o755)
          made.add(place)
        }
      }
      const mode = head[0] === 1 ? 0o755 : 0o644
      const file = await open(target, 'wx', mode).catch(orElse('EEXIST', taken))
      try {
        if (isMasked) await file.chmod(mode)
        for (let left = size; left > 0;) {
          const piece = await source.some(left)
          await writeAll(file, piece)
          left -= piece.length
        }
      } finally {
        await file.close()
      }
    }
    if (!(await source.isAtEnd())) throw new PackFault('goes on after its end')
    return { bytes, files }
  } finally {
    source.close()
  }
}

/** For what the disk answers: of this code another error. */
const orElse =
  (code: string, fault: () => Error) =>
  (error: NodeJS.ErrnoException): never => {
    throw error.code === code ? fault() : error
  }

const shortened = (path: string): string => JSON.stringify(path.slice(0, 200))

/** A disk that becomes full takes the begin of what is written, and says so at what is left. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten
}

/** @throws PackFault when it leads anywhere but below */
export function cleanPath(bytes: Buffer): string {
  const path = bytes.toString()
  const parts = path.split('/')
  const isBad = parts.some(
    (part) => part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > MAX_NAME_BYTES,
  )
  if (bytes.length > MAX_PATH_BYTES || isBad || path.includes('\0') || !Buffer.from(path).equals(bytes))
    throw new PackFault(`has the path ${shortened(path)}`)
  return path
}

/** The folders above that are not made yet, the outermost first. @param made has the outermost of all */
function missing(folder: string, made: ReadonlySet<string>): string[] {
  const found: string[] = []
  for (let place = folder; !made.has(place); place = dirname(place)) found.unshift(place)
  return found
}

function createSource(stream: AsyncIterable<Buffer> & { destroy(): void }) {
  const pieces = stream[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const more = async () => {
    const next = await pieces.next()
    if (next.done) return false
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value])
    return true
  }
  return {
    /** Exactly so many bytes. */
    async take(count: number): Promise<Buffer> {
      while (rest.length < count) if (!(await more())) throw new PackFault('is not whole')
      const taken = rest.subarray(0, count)
      rest = rest.subarray(count)
      return taken
    },
    /** At least one byte, at most so many. */
    async some(count: number): Promise<Buffer> {
      while (rest.length === 0) if (!(await more())) throw new PackFault('is not whole')
      const taken = rest.subarray(0, count)
      rest = rest.subarray(taken.length)
      return taken
    },
    isAtEnd: async () => rest.length === 0 && !(await more()),
    close: () => stream.destroy(),
  }
}

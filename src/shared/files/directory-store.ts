import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { KIB, MIB } from '../limits.ts'
import {
  type ByteRange,
  checkObjectName,
  type FileStore,
  ObjectMissing,
  StoreFull,
  StoreUnavailable,
} from './file-store.ts'

/** What is read at a time. */
const READ_BYTES = 256 * KIB
/** How much is written between two looks at the room on the disk. */
const LOOK_BYTES = 64 * MIB

/**
 * A file store in a directory, for gateways and workers of one machine or of one shared file system.
 *
 * An object is written to `partial/`, flushed to the disk, and moved to `objects/`: what is there is whole, also after the machine lost its
 * power. Only this process's user can read it, or its group where the folder around it is made for a group.
 * @param folder made when it is not there
 * @param minFreeBytes of the file system, that are left to others
 */
export function createDirectoryStore(folder: string, { minFreeBytes }: { minFreeBytes: number }): FileStore {
  const partial = join(folder, 'partial')
  const objects = join(folder, 'objects')
  const shardOf = (name: string) => join(objects, name.slice(-2))
  const pathOf = (name: string) => {
    checkObjectName(name)
    return join(shardOf(name), name)
  }

  const checkRoom = async () => {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < minFreeBytes) throw new StoreFull(`less than ${minFreeBytes} bytes are free in ${folder}`)
  }

  return {
    place: folder,
    async put(name, content) {
      const path = pathOf(name)
      const made = join(partial, name)
      try {
        const isShared = await isForGroup(dirname(folder))
        for (const place of [partial, shardOf(name)]) await makeFolder(place, folder, isShared)
        await checkRoom()
        const file = await open(made, 'wx', isShared ? 0o640 : 0o600)
        try {
          // Whatever the process's mask is; not every file system knows a chmod.
          if (isShared && ((await file.stat()).mode & 0o040) === 0) await file.chmod(0o640)
          let unlooked = 0
          for await (const piece of content) {
            await writeAll(file, piece)
            unlooked += piece.length
            if (unlooked < LOOK_BYTES) continue
            await checkRoom()
            unlooked = 0
          }
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(made, path)
        await syncFolder(shardOf(name))
      } catch (error) {
        await rm(made, { force: true }).catch(() => undefined)
        throw told(error)
      }
    },
    async open(name, range) {
      const file = await open(pathOf(name), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw told(error)
        throw new ObjectMissing(`${name} is not in ${folder}`)
      })
      return readStream(file, range)
    },
    async remove(name) {
      await rm(pathOf(name), { force: true })
      await rm(join(partial, name), { force: true })
    },
    async *names() {
      const shards = (await entries(objects)).map((shard) => join(objects, shard))
      for (const place of [...shards, partial]) {
        for (const name of await entries(place)) {
          const found = await stat(join(place, name)).catch(() => undefined)
          if (found?.isFile()) yield { name, changedMs: found.mtimeMs }
        }
      }
    },
    close: () => Promise.resolve(),
  }
}

/** What keeps this process from using the folder. */
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOTDIR', 'ESTALE'])

/** An error of the folder in the words of the store; any other as it is. */
function told(error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreFull(message, { cause: error })
  return NOT_OURS.has(code) ? new StoreUnavailable(message, { cause: error }) : error
}

/** @param from folder from which on those that are missing are made for the group, whatever the process's mask is */
async function makeFolder(path: string, from: string, isShared: boolean): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: isShared ? 0o770 : 0o700 })
  if (first === undefined || !isShared) return
  for (let place = path; place.length >= from.length; place = dirname(place)) {
    const { mode } = await stat(place)
    if ((mode & 0o070) !== 0o070) await chmod(place, (mode & 0o7777) | 0o070)
    if (place === first) return
  }
}

/** Whether the members of a group may write to a folder, and not everybody; false when it is not there yet. */
async function isForGroup(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (found.mode & 0o022) === 0o020
}

function readStream(file: FileHandle, range: ByteRange | undefined): Readable {
  return file.createReadStream({ highWaterMark: READ_BYTES, ...range })
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten
}

/** A name that is not on the disk is lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const entries = (path: string): Promise<string[]> =>
  readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })

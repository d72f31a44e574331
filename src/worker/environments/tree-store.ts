import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { chmod, link, mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { createTurns } from '../../shared/turns.ts'
import { removeStale } from '../sandbox/remove-stale.ts'
import { claimedBefore, isAlive, isGivenUp, isOld, nameUnderWay, OWNER } from './under-way.ts'
import { type TreeBounds, unpack } from './unpack.ts'

/** What is installed, on this host: a folder for each environment, named by its key. */
export interface TreeStore {
  /** Where a pack is written before it is unpacked: a name in the folder, which is made when it is not there. It goes when this process has ended. */
  newPack(): Promise<string>
  /** What an environment takes here; undefined when it is not here. */
  find(key: string): Promise<Tree | undefined>
  /** The folder of an environment that is here. */
  folder(key: string): string
  /**
   * Unpacks an environment, whole or not at all, and makes room for it: those that were used least recently go first, none that is held.
   * @param of what is installed, whatever the host: its evictions name it
   * @throws PackFault, NoRoom, what the disk answers; nothing is left then
   */
  add(key: string, pack: string, of?: string): Promise<Tree>
  /** Keeps an environment here until the returned function is called. */
  hold(key: string): () => void
  /** Removes one unless it is held. @returns whether it is gone */
  evict(key: string): Promise<boolean>
  /** Those that are here. */
  list(): Promise<(Tree & { key: string })[]>
  /** All of them together. */
  size(): Promise<{ environments: number; bytes: number }>
}

export interface Tree {
  bytes: number
  files: number
  /** Names this very folder: the same environment, evicted and added again, is another. */
  tree: string
  /** When it was added, in ms since the epoch. */
  madeMs: number
  /** Absent: of before it was noted. */
  of?: string
}

/** The disk, or what environments may take of it, has no room: those that are in use do not go. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom'
}

/** Whether a disk, or what environments may take of it, is full. */
export const isNoRoom = (error: unknown): error is Error =>
  error instanceof NoRoom || ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')

export interface TreeStoreOptions {
  folder: string
  /** Of one environment. */
  bounds: TreeBounds
  /** Of all together. */
  maxBytes: number
  /** Of the file system, that are left to others. */
  minFreeBytes: number
  /** Told of each that is gone: idle sandboxes that have it mounted are of no use any more. Must not throw. */
  evicted?: (key: string) => void
  log: Logger
}

const KEY = /^[0-9a-f]{64}$/
/** Beside the folder, with its owner's name: a worker of this host holds it. */
const HELD = '.held-'
/** Beside the folder: its size, in JSON. Its time of change is that of the last use. */
const SIZE = '.json'

export function createTreeStore(options: TreeStoreOptions): TreeStore {
  const { folder, bounds, maxBytes, minFreeBytes, evicted, log } = options
  const held = new Map<string, number>()
  const place = (key: string) => {
    if (!KEY.test(key)) throw new Error('not the key of an environment')
    return join(folder, key)
  }
  let begun: Promise<string> | undefined
  const underWay = async (what: 'new' | 'gone' | 'pack') => {
    begun ??= (async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await removeStale(folder, (name) => isLeft(folder, name))
      return folder
    })()
    return join(await begun, nameUnderWay(what))
  }

  const find = async (key: string): Promise<Tree | undefined> => {
    const text = await readFile(place(key) + SIZE, 'utf8').catch(() => undefined)
    if (text === undefined || !(await stat(place(key)).catch(() => undefined))) return undefined
    return { tree: '', madeMs: 0, ...(JSON.parse(text) as Omit<Tree, 'tree' | 'madeMs'>) }
  }

  /** Those that are here, the least recently used first. */
  const all = async () => {
    const names = await readdir(folder).catch(() => [])
    const found: (Tree & { key: string; usedMs: number })[] = []
    for (const name of names) {
      if (!name.endsWith(SIZE)) continue
      const key = name.slice(0, -SIZE.length)
      const size = KEY.test(key) ? await find(key) : undefined
      const used = await stat(join(folder, name)).catch(() => undefined)
      if (size && used) found.push({ ...size, key, usedMs: used.mtimeMs })
    }
    return found.toSorted((a, b) => a.usedMs - b.usedMs)
  }

  const isHeld = async (key: string): Promise<boolean> => {
    if (held.has(key)) return true
    const names = (await readdir(folder)).filter((name) => name.startsWith(key + HELD))
    return names.some((name) => isAlive(name.slice(key.length + HELD.length)))
  }

  const evict = async (key: string): Promise<boolean> => {
    if (await isHeld(key)) return false
    // Away first, so that nobody finds half of it; back for another worker that held it meanwhile.
    const gone = await underWay('gone')
    if (
      !(await rename(place(key), gone).then(
        () => true,
        () => false,
      ))
    )
      return true
    if (await isHeld(key)) {
      await rename(gone, place(key)).catch(() => rm(gone, { recursive: true, force: true }))
      return false
    }
    await rm(place(key) + SIZE, { force: true })
    evicted?.(key)
    await rm(gone, { recursive: true, force: true })
    return true
  }

  const free = async () => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  }
  /**
   * @param bytes that are to be kept
   * @param diskBytes of them that are not on the disk yet
   * @param claim of them
   * @throws NoRoom
   */
  const makeRoom = async (bytes: number, diskBytes: number, claim?: string) => {
    // Claims first: one that is kept meanwhile counts twice rather than not at all.
    const others = claim === undefined ? 0 : await claimedBefore(folder, claim)
    const here = await all()
    let total = others + here.reduce((sum, one) => sum + one.bytes, 0)
    const isRoom = async () => total + bytes <= maxBytes && (await free()) >= minFreeBytes + diskBytes
    for (const one of here) {
      if (await isRoom()) return
      if (!(await evict(one.key))) continue
      total -= one.bytes
      log.info({ environment: one.key, bytes: one.bytes }, 'environment evicted')
    }
    if (total + bytes > maxBytes)
      throw new NoRoom(`environments in use take ${total} of the ${maxBytes} bytes of ENVIRONMENTS_MAX_BYTES`)
    if (!(await isRoom())) throw new NoRoom(`the disk of ${folder} has no room for ${diskBytes} bytes`)
  }

  /** Of this process's, one after another, so that two do not take the same room. */
  const inTurn = createTurns()

  /** Gives what was unpacked its name. */
  const keep = async (made: string, key: string, own: Tree): Promise<Tree> => {
    // All that a full disk can refuse comes before the first name under which it is found.
    await writeFile(made + SIZE, JSON.stringify(own), { mode: 0o600 })
    // Many small files take more than their pack.
    await makeRoom(own.bytes, 0, made + SIZE)
    if (await isRenamed(made, place(key))) {
      await rename(made + SIZE, place(key) + SIZE)
      return own
    }
    // Another worker of this host was first; what it has is the same.
    await link(made + SIZE, place(key) + SIZE).catch(() => undefined)
    return (await find(key)) ?? own
  }

  return {
    newPack: () => underWay('pack'),
    find,
    folder: (key) => place(key),
    async add(key, pack, of) {
      const made = await underWay('new')
      try {
        const { size } = await stat(pack)
        await makeRoom(size, size)
        await mkdir(made, { mode: 0o755 })
        await chmod(made, 0o755) // Whatever the process's mask is: others than its user read there.
        const unpacked = await unpack(pack, made, bounds)
        const own = { ...unpacked, tree: randomUUID(), madeMs: Date.now(), ...(of !== undefined && { of }) }
        return await inTurn('keep', () => keep(made, key, own))
      } finally {
        await rm(made, { recursive: true, force: true }).catch(() => undefined)
        await rm(made + SIZE, { force: true }).catch(() => undefined)
      }
    },
    hold(key) {
      const mark = `${place(key)}${HELD}${OWNER}`
      if (!held.has(key)) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        writeFileSync(mark, '')
      }
      held.set(key, (held.get(key) ?? 0) + 1)
      used(place(key) + SIZE)
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        const left = (held.get(key) ?? 1) - 1
        if (left > 0) return void held.set(key, left)
        held.delete(key)
        rmSync(mark, { force: true })
      }
    },
    evict,
    list: all,
    async size() {
      const here = await all()
      return { environments: here.length, bytes: here.reduce((sum, one) => sum + one.bytes, 0) }
    },
  }
}

/** @returns false when there is a folder of that name already */
async function isRenamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    return false
  }
}

/** Notes that it is used now, before the caller goes on: what is asked next may be what makes room. */
function used(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // It was evicted, or has no size yet.
  }
}

/** What a worker that was killed has left: holds, what it was making or removing, and folders without a size. */
async function isLeft(folder: string, name: string): Promise<boolean> {
  const holder = name.indexOf(HELD)
  if (holder >= 0) return !isAlive(name.slice(holder + HELD.length))
  const isTree = KEY.test(name) && !(await stat(join(folder, name + SIZE)).catch(() => undefined))
  return isTree ? isOld(folder, name) : isGivenUp(folder, name)
}

import { randomUUID } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MINUTE } from '../../shared/limits.ts'

/**
 * What processes of a host make or remove in the folder of environments has their id in its name, so that it goes once they have ended:
 * packs, and folders that are not whole. `new-...json` beside a folder is its size, and claims room for it until it has its own name.
 */
const UNDER_WAY = /^(?:new|gone|pack)-(?:(\d+)-)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/
const CLAIM = /^new-(\d+)-[0-9a-f-]{36}\.json$/
/** After which it goes even if there is a process of that id. */
const STALE_MS = 60 * MINUTE

/** A name that is free. */
export const nameUnderWay = (what: 'new' | 'gone' | 'pack'): string => `${what}-${process.pid}-${randomUUID()}`

/** Whether a name is of what a process left unfinished that has ended. */
export async function isGivenUp(folder: string, name: string): Promise<boolean> {
  const [found, pid] = UNDER_WAY.exec(name) ?? []
  if (found === undefined) return false
  return (pid !== undefined && !isAlive(Number(pid))) || isOld(folder, name)
}

/** Whether nothing has changed it for so long that nobody can be making it. */
export async function isOld(folder: string, name: string): Promise<boolean> {
  const found = await stat(join(folder, name)).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS
}

/** What others are about to keep since before one claim was made, in bytes: of two that meet, the older has its room. @param own path of the claim */
export async function claimedBefore(folder: string, own: string): Promise<number> {
  const { mtimeMs } = await stat(own)
  let bytes = 0
  for (const name of await readdir(folder)) {
    const pid = CLAIM.exec(name)?.[1]
    const path = join(folder, name)
    if (pid === undefined || path === own || !isAlive(Number(pid))) continue
    const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? Infinity
    const text = made > mtimeMs ? '' : await readFile(path, 'utf8').catch(() => '')
    // One that is kept meanwhile is no claim any more.
    if (text.endsWith('}')) bytes += (JSON.parse(text) as { bytes: number }).bytes
  }
  return bytes
}

/** Whether there is a process of that id on this host. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

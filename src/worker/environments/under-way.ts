import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MINUTE } from '../../shared/limits.ts'

/**
 * What processes of a host make or remove in the folder of environments has their owner's name in its own, so that it goes once they have ended:
 * packs, and folders that are not whole. `new-...json` beside a folder is its size, and claims room for it until it has its own name.
 */
const UNDER_WAY = /^(?:new|gone|pack)-(?:([\d.]+)-)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/
const CLAIM = /^new-([\d.]+)-[0-9a-f-]{36}\.json$/
/** After which it goes even if its owner is there. */
const STALE_MS = 60 * MINUTE

/** When a process began, in clock ticks since the system did; undefined when there is none of that id. proc(5), field 22 of `stat`. */
function beginning(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in parentheses, with anything in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** This process's name as an owner, `PID.BEGINNING`: in a container that starts again the next worker has the same id. */
export const OWNER = `${process.pid}.${beginning('self') ?? ''}`

/** A name that is free. */
export const nameUnderWay = (what: 'new' | 'gone' | 'pack'): string => `${what}-${OWNER}-${randomUUID()}`

/** Whether a name is of what a process left unfinished that has ended. */
export async function isGivenUp(folder: string, name: string): Promise<boolean> {
  const [found, owner] = UNDER_WAY.exec(name) ?? []
  if (found === undefined) return false
  return (owner !== undefined && !isAlive(owner)) || isOld(folder, name)
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
    const owner = CLAIM.exec(name)?.[1]
    const path = join(folder, name)
    if (owner === undefined || path === own || !isAlive(owner)) continue
    const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? Infinity
    const isLater = made > mtimeMs || (made === mtimeMs && path > own)
    const text = isLater ? '' : await readFile(path, 'utf8').catch(() => '')
    // One that is kept meanwhile is no claim any more.
    if (text.endsWith('}')) bytes += (JSON.parse(text) as { bytes: number }).bytes
  }
  return bytes
}

/**
 * Whether an owner is a process of this host that runs. Workers in containers of their own cannot see each other, and must not share a folder.
 * @param owner as `OWNER`, or an id alone, as names had before
 */
export function isAlive(owner: string): boolean {
  const [pid, began = ''] = owner.split('.')
  // What has this process's id alone is of one before it, which had that id too.
  if (Number(pid) === process.pid) return owner === OWNER
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  // Hidden from this user: then its id has to do.
  const now = beginning(Number(pid))
  return began === '' || now === undefined || now === began
}

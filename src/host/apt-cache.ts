import { createHash } from 'node:crypto'
import { link, mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** More builds than these do not run at a time. */
const MOST_CACHES = 64

/**
 * Lends a build a folder for apt's lists and packages. Apt locks them for as long as it runs, so builds that run at once, also those
 * of other processes, have different ones; each begins with what the others hold.
 * @param dataDir absolute; the folders are `apt`, `apt-1`, `apt-2`...
 * @throws Error when 64 builds use this data directory
 */
export async function withAptCache<T>(dataDir: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folderOf = (index: number) => join(dataDir, index === 0 ? 'apt' : `apt-${index}`)
  for (let index = 0; index < MOST_CACHES; index++) {
    const folder = folderOf(index)
    const release = await lock(folder)
    if (!release) continue
    try {
      const others = (await readdir(dataDir).catch(() => [])).filter((name) => /^apt(-\d+)?$/.test(name))
      for (const name of others) if (join(dataDir, name) !== folder) await share(join(dataDir, name), folder)
      return await use(folder)
    } finally {
      release()
    }
  }
  throw new Error(`${dataDir}: ${MOST_CACHES} images are being built already`)
}

/** By an abstract socket, which goes with the process. @returns undefined when it is taken */
function lock(folder: string): Promise<(() => void) | undefined> {
  const name = createHash('sha256').update(`apt ${folder}`).digest('hex').slice(0, 32)
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(`\0runyard-${name}`, () => resolve(() => void server.close()))
    server.unref()
  })
}

/**
 * Gives one cache what another has, by hard links. Apt puts a new file in the place of a list that has changed, and so changes the
 * one cache only. What cannot be linked is downloaded again.
 */
async function share(from: string, to: string): Promise<void> {
  for (const folder of ['lists', 'packages/archives']) {
    const entries = await readdir(join(from, folder), { withFileTypes: true }).catch(() => [])
    if (entries.length > 0) await mkdir(join(to, folder), { recursive: true })
    for (const entry of entries) {
      if (!entry.isFile() || entry.name === 'lock') continue
      await link(join(from, folder, entry.name), join(to, folder, entry.name)).catch(() => undefined)
    }
  }
}

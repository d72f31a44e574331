import { createHash } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Longest path of a Unix socket on Linux, in bytes. */
const LONGEST = 107
/** Room for the names of the sockets in the folder. */
const NAME = 24

/**
 * A folder for Unix sockets that only this user can enter: `run` in the data directory, or, where that is too deep for a
 * socket's path, one in the user's runtime folder or the temporary folder, named by a hash of the data directory.
 */
export function socketFolderPath(dataDir: string, runtimeDir = process.env['XDG_RUNTIME_DIR']): string {
  const near = join(dataDir, 'run')
  if (Buffer.byteLength(near) + NAME <= LONGEST) return near
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  return join(runtimeDir ?? tmpdir(), `runyard-${process.getuid?.() ?? 0}-${hash}`)
}

/** Makes the folder. @throws Error when it belongs to somebody else */
export async function makeSocketFolder(dataDir: string): Promise<string> {
  const folder = socketFolderPath(dataDir)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  return folder
}

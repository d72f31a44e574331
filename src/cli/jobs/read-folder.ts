import { type Dirent, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { EXIT, ExitError } from '../exit.ts'
import { readFile } from '../service/connection.ts'

/** Files of a folder by their paths in it, with `/`. Hidden ones are left out. @throws ExitError when it is no folder */
export function readFolder(folder: string): Map<string, Buffer> {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'the folder does not exist' : code === 'ENOTDIR' ? 'it is not a folder' : message
    throw new ExitError(EXIT.usage, `the problem ${folder}: ${reason}`)
  }
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
  return new Map(paths.map((path) => [path, readFile(join(folder, path), 'the problem')]))
}

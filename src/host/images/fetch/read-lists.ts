import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Compile } from 'typebox/compile'
import { CrateFile, type FetchedFile, type FetchEntry } from '../../../shared/fetched-file.ts'

const validator = Compile(CrateFile)

/**
 * The files that a `fetch` names, by itself and by its lists.
 * @param languages the folder at which the paths of lists begin
 * @throws Error naming the line of a list that is malformed
 */
export async function readLists(languages: string, entries: readonly FetchEntry[]): Promise<FetchedFile[]> {
  const files = await Promise.all(
    entries.map(async (entry) =>
      'list' in entry ? cratesOf(entry.list, await readFile(join(languages, entry.list), 'utf8')) : [entry],
    ),
  )
  return files.flat()
}

/** @param path of the list, for what is said of it */
function cratesOf(path: string, list: string): CrateFile[] {
  return list
    .trimEnd()
    .split('\n')
    .map((line, at) => {
      const [name, version, sha256, ...rest] = line.split(' ')
      const crate: unknown = { from: 'crates', name, version, sha256 }
      if (rest.length === 0 && validator.Check(crate)) return crate
      throw new Error(`${path}:${at + 1} is not the name, the version and the hash of a crate`)
    })
}

import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { copyFile, link, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fetchedName, namesOf, type FetchedFile } from '../../../shared/fetched-file.ts'
import { getByClient } from './clients.ts'

export interface FetchOptions {
  files: readonly FetchedFile[]
  /** Keeps what was fetched, on one file system with what is made of it. */
  folder: string
  detail: (text: string) => void
  /** Gets files of one index into an empty folder. @returns the path of each there */
  get?: typeof getByClient
}

/**
 * Gets files from package indexes, unless they are kept from before. A file is only used when its hash is the pinned one, each time.
 * @param use gets a folder that holds the files under the names of `fetchedName`, and is removed afterwards
 * @throws Error naming the file that cannot be fetched, or whose hash is another one
 */
export async function withFetchedFiles(
  { files, folder, detail, get = getByClient }: FetchOptions,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const kept = join(folder, 'kept')
  await mkdir(kept, { recursive: true })
  const wanted: FetchedFile[] = []
  for (const file of files) if (!(await isKept(keptPath(kept, file), file))) wanted.push(file)
  for (const from of new Set(wanted.map((file) => file.from))) {
    const ofIndex = wanted.filter((file) => file.from === from)
    detail(`fetching ${namesOf(ofIndex)} (${from})`)
    const work = await mkdtemp(join(folder, 'fetch-'))
    try {
      const paths = await get(from, ofIndex, work)
      for (const [index, file] of ofIndex.entries()) await keep(join(work, paths[index]!), file, keptPath(kept, file))
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
  const given = await mkdtemp(join(folder, 'build-'))
  try {
    for (const file of files) await linkOrCopy(keptPath(kept, file), join(given, fetchedName(file)))
    await use(given)
  } finally {
    await rm(given, { recursive: true, force: true })
  }
}

async function isKept(path: string, file: FetchedFile): Promise<boolean> {
  return existsSync(path) && (await hashOf(path, file)) === pinned(file)
}

async function keep(got: string, file: FetchedFile, path: string): Promise<void> {
  const hash = await hashOf(got, file)
  if (hash !== pinned(file)) {
    throw new Error(
      `${fetchedName(file)}, as ${file.from} has it, is not the file that language.json names and was not used: ` +
        `its hash is ${hash}, not ${pinned(file)}`,
    )
  }
  await rename(got, path)
}

/** Named by the hash too: a file of another hash is another file. */
function keptPath(folder: string, file: FetchedFile): string {
  const short = createHash('sha256').update(pinned(file)).digest('hex').slice(0, 12)
  return join(folder, `${short}-${fetchedName(file)}`)
}

const pinned = (file: FetchedFile) => (file.from === 'npm' ? file.integrity : file.sha256)

/** The hash of a file in the form in which its pin is written. */
async function hashOf(path: string, file: FetchedFile): Promise<string> {
  const hash = createHash(file.from === 'npm' ? 'sha512' : 'sha256')
  await pipeline(createReadStream(path), hash)
  return file.from === 'npm' ? `sha512-${hash.digest('base64')}` : hash.digest('hex')
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to))
}

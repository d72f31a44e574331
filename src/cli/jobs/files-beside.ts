import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Client, CodeRequest } from '../../client/client.ts'
import { KIB } from '../../shared/units.ts'
import { contentOf, readFile, sizeOf } from '../service/connection.ts'

/** Beyond so many bytes all together, files are uploaded first: a request has its own bounds. */
const INLINE_BYTES = 512 * KIB

/** What names packages is read from the request: a file that was uploaded names none. */
const MANIFESTS = new Set([
  'requirements.txt',
  'package.json',
  'package-lock.json',
  'go.mod',
  'go.sum',
  'Cargo.toml',
  'Cargo.lock',
  'pom.xml',
  'Gemfile',
  'Gemfile.lock',
])

/** An upload is for one command, which deletes it; when it cannot, the file goes after this. */
const UPLOAD_SECONDS = 86_400

/** `NAME=ID`: a stored file, and its path in the job. */
const STORED = /^(.+)=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/is

/** The stored file that an option names; undefined when it names a file of this machine. */
function storedFile(option: string): { path: string; id: string } | undefined {
  const [, path, id] = STORED.exec(option) ?? []
  return path === undefined || id === undefined || existsSync(option) ? undefined : { path, id: id.toLowerCase() }
}

/**
 * Files go with the request while they are small; the largest are uploaded, and named by their ids.
 * @param paths of files of this machine, or `NAME=ID` of a stored file
 * @throws ExitError when one cannot be read
 */
export async function filesBeside(
  paths: readonly string[],
  files: Pick<Client['files'], 'put'>,
): Promise<NonNullable<CodeRequest['files']>> {
  const stored = new Map(paths.map((path) => [path, storedFile(path)]))
  const local = paths.filter((path) => stored.get(path) === undefined)
  const sized = local.map((path) => ({ path, bytes: sizeOf(path, '--file') }))
  let room = INLINE_BYTES
  const small = new Set<string>()
  for (const { path, bytes } of sized.toSorted((a, b) => a.bytes - b.bytes)) {
    if (bytes <= room || MANIFESTS.has(basename(path))) small.add(path)
    room -= bytes
  }
  const found: NonNullable<CodeRequest['files']> = []
  for (const path of paths) {
    const name = basename(path)
    const known = stored.get(path)
    if (known) found.push(known)
    else if (small.has(path)) found.push({ path: name, ...encoded(readFile(path, '--file')) })
    else {
      const put = { name, ttlSeconds: UPLOAD_SECONDS }
      found.push({ path: name, id: (await files.put(await contentOf(path, '--file'), put)).id })
    }
  }
  return found
}

/** As a request has it. */
export function encoded(bytes: Buffer): { content: string; encoding: 'utf-8' | 'base64' } {
  const text = bytes.toString()
  // What is not UTF-8 would come back changed.
  return Buffer.from(text).equals(bytes)
    ? { content: text, encoding: 'utf-8' }
    : { content: bytes.toString('base64'), encoding: 'base64' }
}

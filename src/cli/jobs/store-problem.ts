import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { RunyardError, type StoredProblem, type ValidProblem } from '../../client/client.ts'
import { readArchive, writeTar } from '../../shared/judging/archive.ts'
import { NAMING, ownNameOf } from '../../shared/judging/own-name.ts'
import { unreadFiles } from '../../shared/judging/unread-files.ts'
import { KIB, MIB } from '../../shared/units.ts'
import { EXIT, ExitError } from '../exit.ts'
import { liveLine } from '../live-line.ts'
import { type Connection, PATIENT_RETRIES, readFile } from '../service/connection.ts'
import { counted, printable } from '../table.ts'
import { readFolder } from './read-folder.ts'
import type { Streams } from './show-events.ts'

export interface StoreOptions {
  name?: string
  /** Of the problem that gets a new version; it keeps its name unless it is given another. */
  id?: string
  validate?: boolean
  json?: boolean
}

const FORMATS = { folder: 'plain folder', kattis: 'Kattis package', polygon: 'Polygon package' } as const

/**
 * Stores a folder or an archive as a problem, and shows meanwhile how far that is.
 * @throws ExitError when there is no such folder or file
 */
export async function storeProblem(
  path: string,
  { name: given, id, validate = false, json = false }: StoreOptions,
  { client }: Connection,
  { stdout, stderr, note }: Streams,
): Promise<void> {
  const live = liveLine(stderr)
  const { archive, ownName } = archiveOf(path, (step) => live.show(step))
  const size = sizeOf(archive.length)
  const began = performance.now()
  const show = () => live.show(`sending ${size}, ${((performance.now() - began) / 1000).toFixed(0)} s`)
  show()
  const timer = setInterval(show, 1000)
  const call = { retries: PATIENT_RETRIES }
  try {
    const { problems } = client
    const name = given ?? (id === undefined ? (ownName() ?? nameOf(path)) : (await problems.get(id)).name)
    const known = validate
      ? await problems.validate(name, archive, call)
      : await (id === undefined ? problems.create(name, archive, call) : problems.replace(id, name, archive, call))
    live.clear()
    if (json) return void stdout.write(`${JSON.stringify(known, null, 2)}\n`)
    note(portrait(known))
    if ('leftOut' in known && known.leftOut.length > 0)
      note(`cannot be run: ${known.leftOut.map((one) => printable(one)).join(', ')}`)
    for (const one of known.notes ?? []) note(printable(one))
    if ('id' in known) stdout.write(`${known.id}\n`)
  } catch (error) {
    throw tooLargeFor(path, error)
  } finally {
    clearInterval(timer)
    live.clear()
  }
}

const sizeOf = (bytes: number): string =>
  bytes < KIB ? `${bytes} bytes` : bytes < MIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`

const nameOf = (path: string): string => basename(resolve(path)).replace(/\.(?:zip|kpp|tar|tgz|tar\.gz)$/i, '')

/** A folder is packed without what nobody reads of it, such as statements. */
function archiveOf(path: string, tell: (step: string) => void) {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
    const archive = readFile(path, 'the problem')
    return { archive, ownName: () => ownNameIn(archive) }
  }
  const files = readFolder(path)
  tell(`packing ${files.size} files`)
  return { archive: packed(files), ownName: () => ownNameOf(files) }
}

/** What is unpacked of an archive for the name in it: the service says what is wrong with more. */
const NAMED_BYTES = 256 * MIB

/** The name that a package has, if it can be read. */
function ownNameIn(archive: Buffer): string | undefined {
  try {
    const unread = () => (path: string) => !NAMING.includes(path)
    return ownNameOf(readArchive(archive, { maxBytes: NAMED_BYTES, maxFiles: NAMING.length, unread }))
  } catch {
    return undefined
  }
}

/** An archive of a folder's files, without those that nobody reads. */
export function packed(files: ReadonlyMap<string, Buffer>): Buffer {
  const isUnread = unreadFiles(new Set(files.keys()))
  return gzipSync(writeTar(new Map([...files].filter(([name]) => !isUnread(name)))))
}

/** The same error, in words of the command line when it is of the size of a problem. */
export const tooLargeFor = (path: string, error: unknown): unknown =>
  error instanceof RunyardError && error.code === 'too-large'
    ? new ExitError(EXIT.usage, `${path} is too large for this service: ${error.detail}`)
    : error

function portrait(known: StoredProblem | ValidProblem): string {
  const { name, format, tests, points, submissions, bytes } = known
  const parts = [counted(tests, 'test'), counted(points, 'point'), counted(submissions, 'example submission')]
  const what = `a ${FORMATS[format]} with ${parts.join(', ')}, ${sizeOf(bytes)}`
  return 'version' in known
    ? `stored ${printable(name)}, version ${known.version}: ${what}`
    : `${printable(name)} is ${what}`
}

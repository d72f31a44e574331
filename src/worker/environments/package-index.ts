import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PackageBan } from '../../shared/environments/environment.ts'
import { OutOfBounds, type Upstream } from '../way-out/upstream.ts'
import { AddressNotAllowed } from '../webhooks/guarded-agent.ts'

/**
 * The package index as an installer in a cell sees it: the only thing it reaches. It is the operator's index, of which it shows what may be
 * installed: files that run nothing when they are installed, old enough by the index's own time, of no banned name or version. Whatever an
 * installer's settings say, there is no other. Addresses of files are this one's, so that no file comes from a host that a lock or a package
 * names; content is checked against the hash that the index told.
 */
export interface PackageIndex {
  handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  /** What was looked for and not shown, and why: single versions before whole packages. */
  readonly refusals: readonly Refusal[]
  /** Names of all files that were shown, by their hash in hexadecimal, where the index tells it. */
  readonly files: ReadonlyMap<string, string>
  /** Files that were given out, in this order, with what they weighed. */
  readonly given: readonly { file: string; bytes: number }[]
  /** What went wrong that is not the installer's fault. */
  readonly faults: readonly string[]
}

/** What the index answers cannot be used. */
export class IndexFault extends Error {
  override readonly name = 'IndexFault'
}

export interface Refusal {
  name: string
  /** Absent: all of them. */
  version?: string
  kind: 'unknown' | 'too-new' | 'needs-build' | 'banned'
  detail: string
}
export type Reason = Omit<Refusal, 'name' | 'version'>

export interface PackageIndexOptions {
  /** Base address of the operator's index. */
  index: URL
  upstream: Upstream
  /** Files that are younger are not shown. 0: all are. */
  minAgeMs: number
  /** Those of the ecosystem. */
  bans: readonly PackageBan[]
  now?: () => number
  /** Told of what went wrong, whole: it is for operators. */
  failed?: (error: unknown) => void
  /** Told of each file that is given out, as those who wait are told of it. */
  gives?: (file: string) => void
}

/** A file of the operator's index. */
export interface IndexFile {
  /** Its name at the installer's end. */
  name: string
  /** Package and version for those who wait; absent: what stands in the name up to the second `-`. */
  shown?: string
  url: string
  /** What the index tells of its content; undefined: nothing is checked. */
  hash: { algorithm: 'sha1' | 'sha256' | 'sha512'; digest: Buffer } | undefined
  /** What only describes another file counts as no download. */
  isDescription?: boolean
}

/** What the protocol of an ecosystem is made with. */
export interface IndexTools {
  /** Base address, with `/` at its end. */
  base: URL
  bans: readonly PackageBan[]
  /**
   * Text of a page of the index; undefined when there is none.
   * @param absent statuses that say so
   * @param version of the package, where the page is of that alone
   * @throws IndexFault, OutOfBounds
   */
  page: (
    name: string,
    url: URL,
    accept: string,
    absent?: readonly number[],
    version?: string,
  ) => Promise<{ text: string; type: string; url: URL; modified?: string } | undefined>
  refuse: (refusal: Refusal) => void
  /** @param at when a file was uploaded */
  isOldEnough: (at: string | null | undefined) => boolean
  tooNew: (what: string, at: string | null | undefined) => Reason
  /** Has a file given out. @param page the address that names it @param path its own when absent @returns it: where the installer finds it */
  place: (file: IndexFile, page: URL, path?: string) => string
}

/** Answers what is asked for beside files. @returns false when there is nothing at the path */
export type IndexPages = (pathname: string, req: IncomingMessage, res: ServerResponse) => Promise<boolean>

/** Of the page of one package; the largest are some 30 MB. */
const PAGE_BYTES = 64 * 1024 * 1024
const DAY_MS = 86_400_000
/** What is kept of each kind to be told: an installer asks as often as it likes. */
const MAX_NOTES = 1000

/** @param createPages the protocol of an ecosystem */
export function servePackageIndex(
  options: PackageIndexOptions,
  createPages: (tools: IndexTools) => IndexPages,
): PackageIndex {
  const { index, upstream, minAgeMs, bans, now = Date.now, gives, failed = () => undefined } = options
  const refusals: Refusal[] = []
  const given: { file: string; bytes: number }[] = []
  const faults: string[] = []
  const known = new Map<string, IndexFile & { at: URL }>()
  const base = new URL(index.href.endsWith('/') ? index.href : `${index.href}/`)
  const login = { username: base.username, password: base.password }

  const tools: IndexTools = {
    base,
    bans,
    async page(name, url, accept, absent = [404], version?) {
      const answer = await upstream.get(url, { accept })
      if (answer.status !== 200) answer.cancel()
      if (absent.includes(answer.status)) {
        const detail = `the package index has no ${version === undefined ? `package ${name}` : `${name} ${version}`}`
        tools.refuse({ name, ...(version !== undefined && { version }), kind: 'unknown', detail })
        return undefined
      }
      if (answer.status !== 200) throw new IndexFault(`the package index answers ${answer.status} for ${name}`)
      const type = answer.headers['content-type'] ?? ''
      const modified = answer.headers['last-modified']
      const text = await answer.text(PAGE_BYTES)
      return { text, type, url: new URL(answer.url), ...(modified !== undefined && { modified }) }
    },
    refuse: (refusal) => note(refusals, refusal),
    isOldEnough(at) {
      if (minAgeMs === 0) return true
      const uploadedMs = Date.parse(at ?? '')
      return Number.isFinite(uploadedMs) && now() - uploadedMs >= minAgeMs
    },
    tooNew(what, at) {
      const uploadedMs = Date.parse(at ?? '')
      if (!Number.isFinite(uploadedMs))
        return { kind: 'too-new', detail: `the package index tells no time of upload of ${what}` }
      const days = Math.round(minAgeMs / DAY_MS)
      const from = new Date(uploadedMs + minAgeMs).toISOString()
      const uploaded = new Date(uploadedMs).toISOString()
      const detail = `${what} was uploaded at ${uploaded}; packages must be ${days} days old here, so it can be installed from ${from}`
      return { kind: 'too-new', detail }
    },
    place(file, page, path = `/files/${digest(file.url)}/${file.name}`) {
      const at = new URL(file.url, page)
      if (at.origin === base.origin && at.username === '') Object.assign(at, login)
      known.set(path, { ...file, at })
      return path
    },
  }
  const pages = createPages(tools)

  const giveFile = async (path: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> => {
    const found = known.get(path)
    if (!found) return false
    const { name, at, hash: told, isDescription = false } = found
    if (!isDescription) gives?.(found.shown ?? name.split('-').slice(0, 2).join(' '))
    const range = req.headers.range
    const answer = await upstream.get(at, { ...(range !== undefined && { range }) })
    if (answer.status !== 200 && answer.status !== 206) {
      answer.cancel()
      if (answer.status === 404) return false
      throw new IndexFault(`the package index answers ${answer.status} for ${name}`)
    }
    const { 'content-length': length, 'content-range': contentRange } = answer.headers
    res.writeHead(answer.status, {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      ...(length !== undefined && { 'content-length': length }),
      ...(contentRange !== undefined && { 'content-range': contentRange }),
    })
    const hash = createHash(told?.algorithm ?? 'sha256')
    let bytes = 0
    let last: Uint8Array | undefined
    // The last piece is held back until the hash is known: what is wrong never arrives whole.
    for await (const piece of answer.pieces) {
      hash.update(piece)
      bytes += piece.length
      if (last) await send(res, last)
      last = piece
    }
    if (answer.status === 200 && told && !sameHash(hash.digest(), told.digest)) {
      note(faults, `${name} is not the file whose hash the package index tells`)
      res.destroy()
      return true
    }
    if (last) await send(res, last)
    res.end()
    if (!isDescription && answer.status === 200) given.push({ file: name, bytes })
    return true
  }

  return {
    get refusals() {
      return refusals.toSorted((a, b) => Number(a.version === undefined) - Number(b.version === undefined))
    },
    get files() {
      const shown = [...known.values()].filter(({ isDescription = false }) => !isDescription)
      return new Map(shown.flatMap(({ hash, name }) => (hash ? [[hash.digest.toString('hex'), name] as const] : [])))
    },
    given,
    faults,
    async handle(req, res) {
      try {
        const { pathname } = new URL(req.url ?? '/', 'http://index')
        if (req.method !== 'GET' && req.method !== 'HEAD') return plain(res, 405)
        const isFile = pathname.startsWith('/files/')
        const isDone = isFile ? await giveFile(decodeURIComponent(pathname), req, res) : await pages(pathname, req, res)
        if (!isDone) plain(res, 404)
      } catch (error) {
        failed(error)
        note(faults, faultOf(error))
        if (res.headersSent) res.destroy()
        else plain(res, 502)
      }
    },
  }
}

/** For whoever asked: what a connection says has the address of the operator's index, which may be an internal one. */
function faultOf(error: unknown): string {
  if (error instanceof IndexFault || error instanceof OutOfBounds) return error.message
  return error instanceof AddressNotAllowed ? INTERNAL : 'the package index cannot be reached'
}

const INTERNAL =
  'the package index cannot be reached: its address is internal, and workers refuse internal addresses unless the operator lists them in PACKAGE_INDEX_REACH'

/** Keeps the last ones: an installer gives up at what it asked last. */
function note<Note>(notes: Note[], one: Note): void {
  notes.push(one)
  if (notes.length > MAX_NOTES) notes.shift()
}

/** Answers with a page. */
export function sendText(res: ServerResponse, text: string): void {
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

function plain(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-type': 'text/plain' }).end()
}

async function send(res: ServerResponse, piece: Uint8Array): Promise<void> {
  if (res.destroyed) throw new Error('the installer went away')
  if (res.write(piece)) return
  await new Promise<void>((resolve, reject) => {
    const drained = () => {
      res.off('close', closed)
      resolve()
    }
    const closed = () => {
      res.off('drain', drained)
      reject(new Error('the installer went away'))
    }
    res.once('drain', drained)
    res.once('close', closed)
  })
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

const sameHash = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { banOf, normalName, type PackageBan } from '../../shared/environments/environment.ts'
import { OutOfBounds, type Upstream } from '../way-out/upstream.ts'

/**
 * The package index as an installer in a cell sees it: the only thing it reaches. It is the operator's index (the simple API of PEP 503 in
 * JSON, PEP 691), of which it shows what may be installed: wheels, old enough by the index's own time (PEP 700), of no banned name or
 * version. Whatever an installer's settings say, there is no other. Addresses of files are this one's, so that no file comes from a host
 * that a lock or a package names; content is checked against the hash that the index told.
 */
export interface PackageIndex {
  handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  /** What was looked for and not shown, and why: single versions before whole packages. */
  readonly refusals: readonly Refusal[]
  /** Files that were given out, in this order, with what they weighed. */
  readonly given: readonly { file: string; bytes: number }[]
  /** What went wrong that is not the installer's fault. */
  readonly faults: readonly string[]
}

/** What the index answers cannot be used. */
class IndexFault extends Error {
  override readonly name = 'IndexFault'
}

export interface Refusal {
  name: string
  /** Absent: all of them. */
  version?: string
  kind: 'unknown' | 'too-new' | 'needs-build' | 'banned'
  detail: string
}

export interface PackageIndexOptions {
  /** Base address of the simple API. */
  index: URL
  upstream: Upstream
  /** Files that are younger are not shown. 0: all are. */
  minAgeMs: number
  bans: readonly PackageBan[]
  now?: () => number
  /** Told of what went wrong, whole: it is for operators. */
  failed?: (error: unknown) => void
  /** Told of each file that is given out. */
  gives?: (file: string) => void
}

interface IndexFile {
  filename: string
  url: string
  hashes: Record<string, string>
  'requires-python'?: string | null
  'upload-time'?: string | null
  'core-metadata'?: boolean | Record<string, string>
  'dist-info-metadata'?: boolean | Record<string, string>
  yanked?: boolean | string
  size?: number | null
}

interface Known {
  url: URL
  file: IndexFile
}

const SIMPLE = 'application/vnd.pypi.simple.v1+json'
/** Of the page of one package; the largest are some 30 MB. */
const PAGE_BYTES = 64 * 1024 * 1024

export function createPackageIndex(options: PackageIndexOptions): PackageIndex {
  const { index, upstream, minAgeMs, bans, now = Date.now, gives, failed = () => undefined } = options
  const refusals: Refusal[] = []
  const refuse = (refusal: Refusal) => void refusals.push(refusal)
  const given: { file: string; bytes: number }[] = []
  const faults: string[] = []
  const known = new Map<string, Known>()
  const base = new URL(index.href.endsWith('/') ? index.href : `${index.href}/`)

  const login = { username: base.username, password: base.password }

  const simple = async (name: string, res: ServerResponse) => {
    const whole = banOf(bans, name, undefined)
    if (whole) {
      refuse({ name, kind: 'banned', detail: `${name} is banned on this server: ${whole.reason}` })
      return plain(res, 404)
    }
    const page = new URL(`${name}/`, base)
    const answer = await upstream.get(page, { accept: SIMPLE })
    if (answer.status === 404) {
      answer.cancel()
      refuse({ name, kind: 'unknown', detail: `the package index has no package ${name}` })
      return plain(res, 404)
    }
    if (answer.status !== 200) {
      answer.cancel()
      throw new IndexFault(`the package index answers ${answer.status} for ${name}`)
    }
    const type = answer.headers['content-type'] ?? ''
    const body = await answer.text(PAGE_BYTES)
    if (!type.includes('json'))
      throw new IndexFault('the package index has no JSON API (PEP 691), which has the times and hashes of files')
    const { files = [] } = JSON.parse(body) as { files?: IndexFile[] }
    const shown = show(name, files, new URL(answer.url))
    const text = JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: shown })
    res.writeHead(200, { 'content-type': SIMPLE, 'cache-control': 'max-age=600' }).end(text)
  }

  const show = (name: string, files: readonly IndexFile[], page: URL): IndexFile[] => {
    const wheels = files.filter(({ filename }) => filename.endsWith('.whl') && wheelVersion(filename) !== undefined)
    const allowed = wheels.filter(({ filename }) => !banOf(bans, name, wheelVersion(filename)))
    const old = allowed.filter((file) => isOldEnough(file))
    refuseVersions(name, files, old)
    if (old.length === 0) refuse({ name, ...whyNone(name, files, wheels, allowed) })
    return old.map((file) => {
      const path = `/files/${createHash('sha256').update(file.url).digest('hex').slice(0, 16)}/${file.filename}`
      const url = new URL(file.url, page)
      if (url.origin === base.origin && url.username === '') Object.assign(url, login)
      known.set(path, { url, file })
      const { filename, hashes, yanked = false, size } = file
      const metadata = file['core-metadata'] ?? file['dist-info-metadata'] ?? false
      return {
        filename,
        url: path,
        hashes: { sha256: hashes['sha256'] ?? '' },
        'requires-python': file['requires-python'] ?? null,
        ...(file['upload-time'] && { 'upload-time': file['upload-time'] }),
        'core-metadata': metadata,
        yanked,
        ...(typeof size === 'number' && { size }),
      }
    })
  }

  /** Why single versions are not among those that are shown. */
  const refuseVersions = (name: string, files: readonly IndexFile[], shown: readonly IndexFile[]) => {
    const there = new Set(shown.map(({ filename }) => wheelVersion(filename)))
    const reasons = new Map<string, Omit<Refusal, 'name' | 'version'>>()
    for (const file of files) {
      const { filename } = file
      const version = wheelVersion(filename) ?? sourceVersion(filename)
      if (version === undefined || there.has(version)) continue
      const ban = banOf(bans, name, version)
      if (ban)
        reasons.set(version, { kind: 'banned', detail: `${name} ${version} is banned on this server: ${ban.reason}` })
      else if (filename.endsWith('.whl')) reasons.set(version, tooNew(`${name} ${version}`, file))
      else if (!reasons.has(version)) reasons.set(version, needsBuild(`${name} ${version}`))
    }
    for (const [version, reason] of reasons) refuse({ name, version, ...reason })
  }

  const tooNew = (what: string, file: IndexFile): Omit<Refusal, 'name'> => {
    const at = Date.parse(file['upload-time'] ?? '')
    if (!Number.isFinite(at)) return { kind: 'too-new', detail: `the package index tells no time of upload of ${what}` }
    const days = Math.round(minAgeMs / 86_400_000)
    const detail = `${what} was uploaded at ${new Date(at).toISOString()}; packages must be ${days} days old here, so it can be installed from ${new Date(at + minAgeMs).toISOString()}`
    return { kind: 'too-new', detail }
  }

  const isOldEnough = (file: IndexFile) => {
    if (!/^[0-9a-f]{64}$/.test(file.hashes['sha256'] ?? '')) return false
    if (minAgeMs === 0) return true
    const at = Date.parse(file['upload-time'] ?? '')
    return Number.isFinite(at) && now() - at >= minAgeMs
  }

  const whyNone = (
    name: string,
    files: readonly IndexFile[],
    wheels: readonly IndexFile[],
    allowed: readonly IndexFile[],
  ): Omit<Refusal, 'name'> => {
    if (files.length === 0) return { kind: 'unknown', detail: `the package index has no files of ${name}` }
    if (wheels.length === 0) return needsBuild(name)
    if (allowed.length === 0) return { kind: 'banned', detail: `every version of ${name} is banned on this server` }
    const oldest = allowed.toSorted((a, b) => ((a['upload-time'] ?? '') < (b['upload-time'] ?? '') ? -1 : 1))[0]
    return oldest ? tooNew(name, oldest) : needsBuild(name)
  }

  const file = async (path: string, req: IncomingMessage, res: ServerResponse) => {
    const isMetadata = path.endsWith('.metadata')
    const found = known.get(isMetadata ? path.slice(0, -'.metadata'.length) : path)
    if (!found) return plain(res, 404)
    const url = new URL(found.url)
    if (isMetadata) url.pathname += '.metadata'
    else gives?.(found.file.filename)
    const range = req.headers.range
    const answer = await upstream.get(url, { ...(range !== undefined && { range }) })
    if (answer.status !== 200 && answer.status !== 206) {
      answer.cancel()
      if (answer.status === 404) return plain(res, 404)
      throw new IndexFault(`the package index answers ${answer.status} for ${found.file.filename}`)
    }
    const { 'content-length': length, 'content-range': contentRange } = answer.headers
    res.writeHead(answer.status, {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      ...(length !== undefined && { 'content-length': length }),
      ...(contentRange !== undefined && { 'content-range': contentRange }),
    })
    const hash = createHash('sha256')
    let bytes = 0
    let last: Uint8Array | undefined
    // The last piece is held back until the hash is known: what is wrong never arrives whole.
    for await (const piece of answer.pieces) {
      hash.update(piece)
      bytes += piece.length
      if (last) await send(res, last)
      last = piece
    }
    const wanted = wantedHash(found.file, isMetadata)
    if (answer.status === 200 && wanted !== undefined && !sameHash(hash.digest('hex'), wanted)) {
      faults.push(
        `${found.file.filename}${isMetadata ? '.metadata' : ''} is not the file whose hash the package index tells`,
      )
      return void res.destroy()
    }
    if (last) await send(res, last)
    res.end()
    if (!isMetadata && answer.status === 200) given.push({ file: found.file.filename, bytes })
  }

  return {
    get refusals() {
      return refusals.toSorted((a, b) => Number(a.version === undefined) - Number(b.version === undefined))
    },
    given,
    faults,
    async handle(req, res) {
      try {
        const { pathname } = new URL(req.url ?? '/', 'http://index')
        const name = /^\/simple\/([A-Za-z0-9][A-Za-z0-9._-]{0,199})\/$/.exec(pathname)?.[1]
        if (req.method !== 'GET' && req.method !== 'HEAD') return plain(res, 405)
        if (name !== undefined) return await simple(normalName(name), res)
        if (pathname.startsWith('/files/')) return await file(decodeURIComponent(pathname), req, res)
        plain(res, 404)
      } catch (error) {
        failed(error)
        // What a connection says has the address of the operator's index, which may be an internal one.
        const isTold = error instanceof IndexFault || error instanceof OutOfBounds
        faults.push(isTold ? error.message : 'the package index cannot be reached')
        if (res.headersSent) res.destroy()
        else plain(res, 502)
      }
    },
  }
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

function wantedHash(file: IndexFile, isMetadata: boolean): string | undefined {
  if (!isMetadata) return file.hashes['sha256']
  const metadata = file['core-metadata'] ?? file['dist-info-metadata']
  return typeof metadata === 'object' ? metadata['sha256'] : undefined
}

const sameHash = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/** The version in the name of a wheel (PEP 427); undefined when it is not the name of one. */
export function wheelVersion(file: string): string | undefined {
  return /^[A-Za-z0-9_.]+-([A-Za-z0-9_.!+]+)(-[0-9][A-Za-z0-9_.]*)?(-[A-Za-z0-9_.]+){3}\.whl$/.exec(file)?.[1]
}

/** The version in the name of a source archive; undefined when it is not the name of one. */
function sourceVersion(file: string): string | undefined {
  return /-([0-9][A-Za-z0-9_.!+]*)\.(tar\.gz|zip|tar\.bz2)$/.exec(file)?.[1]
}

const needsBuild = (what: string): Omit<Refusal, 'name'> => ({
  kind: 'needs-build',
  detail: `${what} has no wheels: it would have to be built, which runs its code; only wheels are installed here`,
})

import { type Request, type Response, Router } from 'express'
import { isUtf8 } from 'node:buffer'
import { MIB } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import { FILE_PIECE_BYTES } from '../../../shared/sessions/operations.ts'
import type { FileEntry } from '../../../shared/sessions/session.ts'
import { invalidRequest } from '../../http/problems.ts'
import { NOT_BASE64, plainBase64 } from '../../jobs/request/base64.ts'
import { enterUntilSent } from '../../jobs/with-output.ts'
import { checkPath } from '../../sessions/files.ts'
import { ownSession, sessionOf } from '../../sessions/needs.ts'
import { membersOf, readBody } from '../system/read-body.ts'
import type { SystemNeeds } from '../system/system.ts'

/** What goes into one answer, since all of it is one piece of JSON. */
const MOST_BYTES = 32 * MIB
/** They are read as JSON, which takes a multiple of their bytes. */
const MOST_NOTEBOOK_BYTES = 4 * MIB
const MOST_ENTRIES = 10_000

interface Place {
  /** Id of the session; the first part of a path. */
  session: string
  /** In its working folder; empty: that folder. */
  path: string
}

/**
 * `/api/contents`: the folders of the caller's sessions, each under the session's id. What is written there is gone with its session.
 */
export function contentsRoutes({ config, sessions, jobs }: SystemNeeds): Router {
  const { needs } = sessions
  const { calls, records } = needs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)

  const placeOf = (text: string): Place => {
    const [session = '', ...rest] = text.split('/').filter((part) => part !== '')
    return { session, path: rest.length === 0 ? '' : checkPath(rest.join('/'), '/path') }
  }
  const asked = (req: Request): Place => placeOf(decodeURIComponent(req.path))
  const statOf = (res: Response, { session, path }: Place) =>
    calls.call(sessionOf(res, session), 'statFile', { path: path || '.' }).then(({ value }) => value)

  /** @param most bytes that it may have */
  const readAll = async (res: Response, { session, path }: Place, most: number): Promise<Buffer> => {
    const pieces: Buffer[] = []
    let size: number | undefined
    for (let offset = 0; ;) {
      const { value, bytes } = await calls.call(sessionOf(res, session), 'readFile', {
        path,
        offset,
        most: FILE_PIECE_BYTES,
      })
      if (size === undefined) {
        size = value.bytes
        if (size > most) throw tooLarge(path, size, most)
        await enterUntilSent(jobs.output.sending, res, size)
      }
      pieces.push(bytes)
      offset += bytes.length
      // What is written to it meanwhile has no room.
      if (bytes.length === 0 || offset >= size) return Buffer.concat(pieces)
    }
  }
  const writeAll = async (res: Response, { session, path }: Place, content: Buffer) => {
    let offset = 0
    do {
      const bytes = content.subarray(offset, offset + FILE_PIECE_BYTES)
      const piece = { path, offset, begin: offset === 0, mode: null }
      await calls.call(sessionOf(res, session), 'writeFile', piece, { bytes })
      offset += bytes.length
    } while (offset < content.length)
  }
  /** The first `MOST_ENTRIES`. */
  const listFolder = async (res: Response, { session, path }: Place): Promise<FileEntry[]> => {
    const found: FileEntry[] = []
    for (;;) {
      const { value } = await calls.call(sessionOf(res, session), 'listFolder', {
        path: path || '.',
        skip: found.length,
      })
      found.push(...value.entries)
      if (found.length >= value.total || value.entries.length === 0) return found
      if (found.length >= MOST_ENTRIES) return found.slice(0, MOST_ENTRIES)
    }
  }

  const modelAt = async (res: Response, place: Place, withContent: boolean, asText: boolean | undefined) => {
    const entry = await statOf(res, place)
    const full = place.path === '' ? place.session : `${place.session}/${place.path}`
    const base = modelOf(full, entry)
    if (!withContent) return base
    if (base.type === 'directory') {
      const entries = await listFolder(res, place)
      const content = entries
        .filter(({ kind }) => kind === 'file' || kind === 'folder')
        .map((one) => modelOf(`${full}/${one.name}`, one))
      return { ...base, format: 'json', content }
    }
    const bytes = await readAll(res, place, base.type === 'notebook' ? MOST_NOTEBOOK_BYTES : MOST_BYTES)
    if (base.type === 'notebook') {
      const content = parseNotebook(bytes)
      if (content) return { ...base, format: 'json', mimetype: null, content }
    }
    const isText = asText ?? isUtf8(bytes)
    if (isText && !isUtf8(bytes)) throw invalidRequest([{ pointer: '/format', detail: `${full} is not text in UTF-8` }])
    return {
      ...base,
      type: 'file',
      format: isText ? 'text' : 'base64',
      mimetype: isText ? 'text/plain' : 'application/octet-stream',
      content: bytes.toString(isText ? 'utf8' : 'base64'),
    }
  }

  router.get(['/', '/*path'], async (req, res) => {
    const place = asked(req)
    const { content, format } = req.query
    const withContent = content !== '0'
    if (place.session === '') {
      const live = await records.liveOf(res.locals.caller.tenant)
      const folders = live.map((one) => folderModel(one.id, one.createdAt))
      return void res.json({
        ...folderModel('', new Date(0).toISOString()),
        ...(withContent && { format: 'json', content: folders }),
      })
    }
    // Clients ask what was kept of former states; nothing is.
    if (place.path.endsWith('/checkpoints') || place.path === 'checkpoints') return void res.json([])
    await ownSession(needs, res, place.session)
    res.json(await modelAt(res, place, withContent, format === undefined ? undefined : format === 'text'))
  })
  router.put('/*path', read, async (req, res) => {
    const place = inside(asked(req))
    const { type, format, content } = membersOf(req.body)
    const before = await statOf(res, place).catch(absent)
    if (type === 'directory') await calls.call(sessionOf(res, place.session), 'makeFolder', { path: place.path })
    else await writeAll(res, place, contentOf(type, format, content))
    res.status(before ? 200 : 201).json(await modelAt(res, place, false, undefined))
  })
  router.post('/*path', read, async (req, res) => {
    const folder = asked(req)
    if (folder.session === '') throw inNoSession()
    const { type = 'file', ext = '', copy_from: from } = membersOf(req.body)
    const names = new Set((await listFolder(res, folder)).map(({ name }) => name))
    if (names.size >= MOST_ENTRIES)
      throw new Problem(
        'file-conflict',
        `the folder has ${MOST_ENTRIES} entries or more; make the file by PUT under a name of its own`,
      )
    const of = (name: string): Place => ({ ...folder, path: folder.path === '' ? name : `${folder.path}/${name}` })
    if (typeof from === 'string') {
      const source = inside(placeOf(from))
      const name = source.path.slice(source.path.lastIndexOf('/') + 1)
      const dot = name.lastIndexOf('.')
      const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
      const copy = of(freeName(names, `${stem}-Copy`, end))
      await writeAll(res, copy, await readAll(res, source, MOST_BYTES))
      return void res.status(201).json(await modelAt(res, copy, false, undefined))
    }
    const isFolder = type === 'directory'
    const end = type === 'notebook' ? '.ipynb' : typeof ext === 'string' && /^[.\w-]{0,32}$/.test(ext) ? ext : ''
    const made = of(freeName(names, isFolder ? 'Untitled Folder' : type === 'notebook' ? 'Untitled' : 'untitled', end))
    if (isFolder) await calls.call(sessionOf(res, made.session), 'makeFolder', { path: made.path })
    else await writeAll(res, made, Buffer.from(type === 'notebook' ? EMPTY_NOTEBOOK : ''))
    res.status(201).json(await modelAt(res, made, false, undefined))
  })
  router.patch('/*path', read, async (req, res) => {
    const from = inside(asked(req))
    const { path } = membersOf(req.body)
    if (typeof path !== 'string') throw invalidRequest([{ pointer: '/path', detail: 'must be the new path' }])
    const to = inside(placeOf(path))
    if (to.session.toLowerCase() !== from.session.toLowerCase())
      throw invalidRequest([{ pointer: '/path', detail: `must stay in the folder ${from.session}` }])
    await calls.call(sessionOf(res, from.session), 'moveFile', { from: from.path, to: to.path })
    res.json(await modelAt(res, to, false, undefined))
  })
  router.delete('/*path', async (req, res) => {
    const place = inside(asked(req))
    await calls.call(sessionOf(res, place.session), 'removeFile', { path: place.path, recursive: true })
    res.status(204).end()
  })
  return router
}

const EMPTY_NOTEBOOK = '{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}'

const inNoSession = () =>
  new Problem('file-conflict', 'files live in the folder of a session: the first part of a path is the id of one')

function inside(place: Place): Place {
  if (place.session === '' || place.path === '') throw inNoSession()
  return place
}

const tooLarge = (what: string, bytes: number, most: number) =>
  new Problem('too-large', `${what} has ${bytes} bytes; ${most} can be read here`)

const absent = (error: unknown): undefined => {
  if (!(error instanceof Problem) || error.code !== 'not-found') throw error
}

function freeName(taken: ReadonlySet<string>, stem: string, end: string): string {
  for (let number = 0; ; number++) {
    const name = `${stem}${number === 0 ? '' : number}${end}`
    if (!taken.has(name)) return name
  }
}

function contentOf(type: unknown, format: unknown, content: unknown): Buffer {
  if (type === 'notebook') {
    const bytes = Buffer.from(JSON.stringify(content ?? null))
    if (bytes.length > MOST_NOTEBOOK_BYTES) throw tooLarge('the notebook', bytes.length, MOST_NOTEBOOK_BYTES)
    return bytes
  }
  if (typeof content !== 'string') throw invalidRequest([{ pointer: '/content', detail: 'must be a text' }])
  if (format !== 'base64') return Buffer.from(content)
  const plain = plainBase64(content)
  if (plain === undefined) throw invalidRequest([{ pointer: '/content', detail: NOT_BASE64 }])
  return Buffer.from(plain, 'base64')
}

function parseNotebook(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

const baseOf = (path: string, at: string) => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  last_modified: at,
  created: at,
  writable: true,
  content: null,
  format: null,
  mimetype: null,
})

const folderModel = (path: string, at: string) => ({ ...baseOf(path, at), type: 'directory', size: null })

function modelOf(path: string, { kind, bytes, modifiedAt, mode }: FileEntry) {
  if (kind === 'folder') return folderModel(path, modifiedAt)
  const type = path.endsWith('.ipynb') ? 'notebook' : 'file'
  return { ...baseOf(path, modifiedAt), type, size: bytes, writable: (parseInt(mode, 8) & 0o200) !== 0 }
}

import { once } from 'node:events'
import Type from 'typebox'
import { sentPathProblem } from '../../shared/path-problem.ts'
import { Problem } from '../../shared/problems.ts'
import { FILE_PIECE_BYTES } from '../../shared/sessions/operations.ts'
import { FileEntry } from '../../shared/sessions/session.ts'
import { byteRange } from '../files/byte-range.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { CALL_PROBLEMS } from './executions.ts'
import { type SessionNeeds, sessionOf } from './needs.ts'

const fileBytes = {
  type: 'application/octet-stream',
  schema: Type.Unsafe<Uint8Array>({ description: 'its bytes' }),
} as const
const FILE_PROBLEMS = [...CALL_PROBLEMS, 'file-conflict'] as const
const FileList = Type.Object({ entries: Type.Array(FileEntry, { description: 'by name' }) })
/** Entries of one folder in an answer, at the most. */
const MOST_ENTRIES = 10_000

/** @throws Problem `invalid-request` */
export function checkPath(path: string, pointer: string): string {
  const wrong = path === '' ? 'is missing' : sentPathProblem(path)
  if (wrong !== undefined) throw invalidRequest([{ pointer, detail: wrong }])
  return path
}

export const listFiles = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/files',
  id: 'listFiles',
  tag: 'Sessions',
  summary: 'List a folder of a session',
  scopes: ['sessions'],
  params: { id: PATH.session },
  query: Type.Object(
    {
      path: Type.Optional(Type.String({ maxLength: 1024, description: 'the folder; the working folder when absent' })),
    },
    { additionalProperties: false },
  ),
  answers: { 200: { description: 'What is in it, at most 10,000 entries.', schema: FileList } },
  cache: 'private, no-cache',
  problems: FILE_PROBLEMS,
  schemas: { FileEntry, FileList },
  async handle({ calls }: SessionNeeds, { res, params, query, send }) {
    const path = query.path === undefined || query.path === '' ? '.' : checkPath(query.path, '/path')
    const entries: FileEntry[] = []
    for (let total = 1; entries.length < Math.min(total, MOST_ENTRIES);) {
      const { value } = await calls.call(sessionOf(res, params.id), 'listFolder', { path, skip: entries.length })
      if (value.entries.length === 0) break
      entries.push(...value.entries)
      total = value.total
    }
    send(200, { entries: entries.slice(0, MOST_ENTRIES) })
  },
})

export const readFile = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/files/*path',
  id: 'readFile',
  tag: 'Sessions',
  summary: 'Download a file of a session',
  description:
    'The bytes as they are, or with `Range` a part of them. Browsers save the file and never display it, because a program of a ' +
    'stranger wrote it.',
  scopes: ['sessions'],
  params: { id: PATH.session, path: PATH.file },
  headers: ['Range'],
  answers: {
    200: { description: 'The file.', ...fileBytes, headers: ['Content-Disposition', 'Accept-Ranges'] },
    206: {
      description: 'The part of the file that `Range` names.',
      ...fileBytes,
      headers: ['Content-Disposition', 'Accept-Ranges', 'Content-Range'],
    },
  },
  problems: [...FILE_PROBLEMS, 'range-not-satisfiable'],
  async handle({ calls, open }: SessionNeeds, { req, res, params }) {
    const path = checkPath(params.path, '/path')
    const session = sessionOf(res, params.id)
    const read = (offset: number) => calls.call(session, 'readFile', { path, offset, most: FILE_PIECE_BYTES })
    let piece = await read(0)
    const range = req.method === 'GET' ? byteRange(req.get('range'), piece.value.bytes) : undefined
    if (range === 'beyond') {
      const detail = `${req.get('range')} is beyond the file, which has ${piece.value.bytes} bytes`
      throw new Problem('range-not-satisfiable', detail, {
        headers: { 'Content-Range': `bytes */${piece.value.bytes}` },
      })
    }
    const signal = open.watch(res)
    res.set({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeName(path.slice(path.lastIndexOf('/') + 1))}`,
      'Cache-Control': 'private, no-cache',
      'Last-Modified': new Date(piece.value.modifiedAt).toUTCString(),
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "sandbox; default-src 'none'",
    })
    res.set('Accept-Ranges', 'bytes')
    if (range) {
      res.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${piece.value.bytes}`)
      if (range.start > 0) piece = await read(range.start)
      for (let left = range.end - range.start + 1; ;) {
        const bytes = piece.bytes.subarray(0, left)
        if (bytes.length > 0 && !res.write(bytes)) await once(res, 'drain', { signal })
        left -= bytes.length
        if (left === 0 || bytes.length === 0 || signal.aborted) break
        piece = await read(range.end + 1 - left)
      }
      return void res.end()
    }
    // A file that is written to meanwhile may become another; what the kernel makes up has no length.
    if (piece.bytes.length === piece.value.bytes) res.set('Content-Length', String(piece.bytes.length))
    if (req.method === 'HEAD') return void res.end()
    for (let offset = 0; piece.bytes.length > 0 && !signal.aborted; piece = await read(offset)) {
      offset += piece.bytes.length
      if (!res.write(piece.bytes)) await once(res, 'drain', { signal })
      if (offset >= piece.value.bytes && piece.value.bytes > 0) break
    }
    res.end()
  },
})

/** As RFC 8187 has it: of what `encodeURIComponent` leaves, these four are no `attr-char`. */
function encodeName(name: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(name).replaceAll(/['()*]/g, hex)
}

const Written = Type.Object({ path: Type.String(), bytes: Type.Integer() })

export const writeFile = defineRoute({
  method: 'put',
  path: '/v1/sessions/:id/files/*path',
  id: 'writeFile',
  tag: 'Sessions',
  summary: 'Upload a file to a session',
  description:
    'Makes the file with its folders, or writes it anew, as the bytes come; what is there keeps its mode. An upload that fails ' +
    'leaves what it has written.',
  scopes: ['sessions'],
  params: { id: PATH.session, path: PATH.file },
  query: Type.Object(
    { mode: Type.Optional(Type.String({ pattern: '^0?[0-7]{3}$', description: 'permissions in octal, e.g. `0755`' })) },
    { additionalProperties: false },
  ),
  upload: 'the content of the file',
  answers: { 200: { description: 'The file is there.', schema: Written } },
  problems: [...FILE_PROBLEMS, 'unsupported-media-type'],
  async handle({ calls }: SessionNeeds, { req, res, params, query, send }) {
    const path = checkPath(params.path, '/path')
    const session = sessionOf(res, params.id)
    const encoding = req.get('content-encoding') ?? 'identity'
    if (encoding !== 'identity') {
      throw new Problem('unsupported-media-type', `the content encoding is "${encoding}"; files are sent as they are`)
    }
    const mode = query.mode === undefined ? null : parseInt(query.mode, 8)
    let offset = 0
    let begun = false
    const write = async (bytes: Buffer) => {
      await calls.call(session, 'writeFile', { path, offset, begin: !begun, mode: null }, { bytes })
      begun = true
      offset += bytes.length
    }
    try {
      let waiting: Buffer[] = []
      let waitingBytes = 0
      // Left early, the request would be destroyed, and its answer with it.
      for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length;) {
          const piece = chunk.subarray(at, at + FILE_PIECE_BYTES - waitingBytes)
          waiting.push(piece)
          waitingBytes += piece.length
          at += piece.length
          if (waitingBytes < FILE_PIECE_BYTES) continue
          await write(Buffer.concat(waiting))
          waiting = []
          waitingBytes = 0
        }
      }
      if (waitingBytes > 0 || !begun) await write(Buffer.concat(waiting))
      // Last, since it may be one that forbids writing.
      if (mode !== null) await calls.call(session, 'writeFile', { path, offset, begin: false, mode })
    } catch (error) {
      // What is still on its way is thrown away, so that the client can come to read the answer; the connection ends with it.
      req.resume()
      if (!res.headersSent) res.set('Connection', 'close')
      throw error
    }
    send(200, { path, bytes: offset })
  },
})

export const deleteFile = defineRoute({
  method: 'delete',
  path: '/v1/sessions/:id/files/*path',
  id: 'deleteFile',
  tag: 'Sessions',
  summary: 'Delete a file or folder of a session',
  scopes: ['sessions'],
  params: { id: PATH.session, path: PATH.file },
  query: Type.Object(
    { recursive: Type.Optional(Type.Enum(['true', 'false'], { description: 'a folder with what is in it' })) },
    { additionalProperties: false },
  ),
  answers: { 204: { description: 'It is gone.' } },
  problems: FILE_PROBLEMS,
  async handle({ calls }: SessionNeeds, { res, params, query, send }) {
    const path = checkPath(params.path, '/path')
    await calls.call(sessionOf(res, params.id), 'removeFile', { path, recursive: query.recursive === 'true' })
    send(204)
  },
})

const MoveRequest = Type.Object(
  {
    from: Type.String({ minLength: 1, maxLength: 1024 }),
    to: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'its new path; folders are made, a file there is replaced',
    }),
  },
  { additionalProperties: false },
)

export const moveFile = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/moves',
  id: 'moveFile',
  tag: 'Sessions',
  summary: 'Move a file or folder of a session',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: MoveRequest,
    examples: { rename: { summary: 'Another name', value: { from: 'a.csv', to: 'data/b.csv' }, refused: 404 } },
  },
  answers: { 204: { description: 'It is there.' } },
  problems: FILE_PROBLEMS,
  schemas: { MoveRequest },
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    const asked = { from: checkPath(body.from, '/from'), to: checkPath(body.to, '/to') }
    await calls.call(sessionOf(res, params.id), 'moveFile', asked)
    send(204)
  },
})

const FolderRequest = Type.Object(
  { path: Type.String({ minLength: 1, maxLength: 1024 }) },
  { additionalProperties: false },
)

export const makeFolder = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/folders',
  id: 'makeFolder',
  tag: 'Sessions',
  summary: 'Make a folder in a session',
  description: 'With the folders on its way. One that is there stays as it is.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: FolderRequest,
    examples: { out: { summary: 'A folder', value: { path: 'out/plots' }, refused: 404 } },
  },
  answers: { 204: { description: 'It is there.' } },
  problems: FILE_PROBLEMS,
  schemas: { FolderRequest },
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    await calls.call(sessionOf(res, params.id), 'makeFolder', { path: checkPath(body.path, '/path') })
    send(204)
  },
})

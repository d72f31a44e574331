import { isUtf8 } from 'node:buffer'
import Type from 'typebox'
import { MIB } from '../../../shared/limits.ts'
import { sentPathProblem } from '../../../shared/path-problem.ts'
import { FILE_PIECE_BYTES } from '../../../shared/sessions/operations.ts'
import { invalidRequest } from '../../http/problems.ts'
import { NOT_BASE64, plainBase64 } from '../../jobs/request/base64.ts'
import { image, imageTypeOf, MOST_IMAGE_BYTES } from './images.ts'
import { placeOf, SessionId } from './own-session.ts'
import { defineTool, type ToolCall, type ToolNeeds } from './tool.ts'

const DEFAULT_BYTES = 40_000
const MOST_BYTES = MIB
const MOST_ENTRIES = 1000
const path = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: 'relative to the working folder of the session, e.g. `data/sales.csv`',
})

/** @throws Problem `invalid-request` */
function checkPath(text: string): string {
  const wrong = sentPathProblem(text)
  if (wrong !== undefined) throw invalidRequest([{ pointer: '/path', detail: wrong }])
  return text
}

export const writeFile = defineTool({
  name: 'write_file',
  title: 'Write a file in a session',
  description: 'Writes a file in a session, with the folders on its way. A file that is there is replaced.',
  scopes: ['sessions'],
  submits: false,
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  input: Type.Object(
    {
      session_id: SessionId,
      path,
      content: Type.String({ description: 'the whole content' }),
      encoding: Type.Optional(
        Type.Enum(['utf-8', 'base64'], { description: 'of `content`: `base64` for binary files; `utf-8` when absent' }),
      ),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({ path: Type.String(), bytes: Type.Integer() }),
  async run({ sessions }, { session_id, path: asked, content, encoding }, call) {
    const place = placeOf(call, session_id)
    const name = checkPath(asked)
    const plain = encoding === 'base64' ? plainBase64(content) : content
    if (plain === undefined) throw invalidRequest([{ pointer: '/content', detail: NOT_BASE64 }])
    const bytes = Buffer.from(plain, encoding === 'base64' ? 'base64' : 'utf8')
    for (let offset = 0; offset === 0 || offset < bytes.length; offset += FILE_PIECE_BYTES) {
      const piece = bytes.subarray(offset, offset + FILE_PIECE_BYTES)
      const input = { path: name, offset, begin: offset === 0, mode: null }
      await sessions.calls.call(place, 'writeFile', input, { bytes: piece })
    }
    const text = `wrote ${bytes.length} bytes to ${name}`
    return { content: [{ type: 'text', text }], structured: { path: name, bytes: bytes.length } }
  },
})

export const readFile = defineTool({
  name: 'read_file',
  title: 'Read a file of a session',
  description:
    'Reads a file of a session: text as text, PNG and JPEG as an image, other bytes as base64. Long files come in pieces: pass the returned ' +
    '`next_offset` as `offset` for the next one.',
  scopes: ['sessions'],
  submits: false,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  input: Type.Object(
    {
      session_id: SessionId,
      path,
      offset: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          description: 'first byte to read; 0 when absent',
        }),
      ),
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: MOST_BYTES,
          description: `bytes to read at most; ${DEFAULT_BYTES} when absent`,
        }),
      ),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    path: Type.String(),
    bytes: Type.Integer({ description: 'of the whole file' }),
    encoding: Type.Enum(['utf-8', 'base64', 'image']),
    next_offset: Type.Union([Type.Integer(), Type.Null()], { description: 'null at the end of the file' }),
  }),
  async run(needs, { session_id, path: asked, offset = 0, limit = DEFAULT_BYTES }, call) {
    const name = checkPath(asked)
    const type = imageTypeOf(name)
    const isWhole = type !== undefined && offset === 0
    const { bytes, total } = await readBytes(needs, call, session_id, name, offset, isWhole ? MOST_IMAGE_BYTES : limit)
    if (isWhole && bytes.length === total) {
      const structured = { path: name, bytes: total, encoding: 'image' as const, next_offset: null }
      const text = `${name}, ${total} bytes`
      return { content: [{ type: 'text', text }, image(bytes.toString('base64'), type)], structured }
    }
    const piece = wholeCharacters(bytes.subarray(0, limit))
    const isText = isUtf8(piece) && !piece.includes(0)
    const shown = isText ? piece : bytes.subarray(0, limit)
    const end = offset + shown.length
    const next = shown.length > 0 && end < total ? end : null
    const structured = {
      path: name,
      bytes: total,
      encoding: isText ? ('utf-8' as const) : ('base64' as const),
      next_offset: next,
    }
    const more = next === null ? '' : `\n[bytes ${offset} to ${end} of ${total}; read on with "offset": ${next}]`
    const text = isText
      ? `${shown.toString('utf8')}${more}`
      : `base64 of ${shown.length} bytes:\n${shown.toString('base64')}${more}`
    const nothing = offset > 0 ? `(offset ${offset} is at or beyond the end of the file)` : '(the file is empty)'
    return { content: [{ type: 'text', text: text === '' ? nothing : text }], structured }
  },
})

async function readBytes(
  { sessions }: ToolNeeds,
  call: ToolCall,
  session: string,
  name: string,
  offset: number,
  most: number,
): Promise<{ bytes: Buffer; total: number }> {
  const place = placeOf(call, session)
  const pieces: Buffer[] = []
  for (let read = 0; ;) {
    const input = { path: name, offset: offset + read, most: Math.min(FILE_PIECE_BYTES, most - read) }
    const { value, bytes } = await sessions.calls.call(place, 'readFile', input)
    pieces.push(bytes)
    read += bytes.length
    if (bytes.length === 0 || read >= most || offset + read >= value.bytes) {
      // What the kernel makes up has no length.
      return { bytes: Buffer.concat(pieces), total: read === 0 ? value.bytes : Math.max(value.bytes, offset + read) }
    }
  }
}

/** Without the beginning of a character of UTF-8 at the end. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.subarray(0, -back) : bytes
  }
  return bytes
}

export const listFiles = defineTool({
  name: 'list_files',
  title: 'List files of a session',
  description: `Lists a folder of a session, at most ${MOST_ENTRIES} entries.`,
  scopes: ['sessions'],
  submits: false,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  input: Type.Object(
    {
      session_id: SessionId,
      path: Type.Optional(Type.String({ maxLength: 1024, description: 'the folder; the working folder when absent' })),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    entries: Type.Array(
      Type.Object({
        name: Type.String(),
        kind: Type.Enum(['file', 'folder', 'link', 'other']),
        bytes: Type.Integer(),
      }),
    ),
    complete: Type.Boolean({ description: 'whether these are all' }),
  }),
  async run({ sessions }, { session_id, path: asked = '' }, call) {
    const place = placeOf(call, session_id)
    const folder = asked === '' || asked === '.' ? '.' : checkPath(asked.replace(/\/$/, ''))
    const entries: { name: string; kind: 'file' | 'folder' | 'link' | 'other'; bytes: number }[] = []
    let total = 1
    while (entries.length < Math.min(total, MOST_ENTRIES)) {
      const { value } = await sessions.calls.call(place, 'listFolder', { path: folder, skip: entries.length })
      if (value.entries.length === 0) break
      entries.push(...value.entries.map(({ name, kind, bytes }) => ({ name, kind, bytes })))
      total = value.total
    }
    const listed = entries.slice(0, MOST_ENTRIES)
    const complete = listed.length >= total || entries.length === 0
    const lines = listed.map(({ name, kind, bytes }) => (kind === 'folder' ? `${name}/` : `${name} (${bytes} bytes)`))
    const text = lines.length > 0 ? lines.join('\n') : 'the folder is empty'
    return {
      content: [{ type: 'text', text: complete ? text : `${text}\n[and ${total - listed.length} more]` }],
      structured: { entries: listed, complete },
    }
  },
})

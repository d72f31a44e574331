import type { Request, Response } from 'express'
import Type from 'typebox'
import type { FileRecords } from '../../shared/files/file-records.ts'
import { type FileStore, StoreUnavailable } from '../../shared/files/file-store.ts'
import { FileRefused, IdempotencyConflict, type Refusal, saveFile } from '../../shared/files/save-file.ts'
import { DEFAULT_CONTENT_TYPE, MAX_FILE_NAME_BYTES, StoredFile } from '../../shared/files/stored-file.ts'
import type { Config } from '../../shared/config/config.ts'
import { MINUTE, SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { idempotencyFor, idempotencyMismatch } from '../http/idempotency.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { storedFile } from './examples.ts'
import { storeAway } from './send-content.ts'

export interface UploadNeeds {
  records: FileRecords
  store: FileStore
  open: OpenResponses
  config: Pick<Config, 'files'>
  /** Told of every file that is stored. */
  stored: (bytes: number) => void
}

/** From one piece of the body to the next. */
const STALL_MS = MINUTE
/** For a client to read why its body is not wanted. */
const LINGER_MS = 5 * SECOND

const UploadQuery = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_FILE_NAME_BYTES,
        pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$',
        description: 'for people; printable characters, at most 255 bytes of UTF-8; `file` when absent',
      }),
    ),
    ttlSeconds: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,9}$', description: 'how long to keep it; at most what the service keeps' }),
    ),
  },
  { additionalProperties: false },
)

export const uploadFile = defineRoute({
  method: 'post',
  path: '/v1/files',
  id: 'uploadFile',
  tag: 'Files',
  summary: 'Upload a file',
  description:
    'The body is the file, as it is, of any `Content-Type`. It is streamed to the file store. Files of the same content take room once. Jobs name the file by its `id` ' +
    'in `files`.',
  scopes: ['files'],
  query: UploadQuery,
  headers: ['Idempotency-Key'],
  upload: 'the file, of any type, which is kept as `contentType`',
  answers: {
    201: {
      description: 'The file.',
      schema: StoredFile,
      headers: ['Location', 'Idempotent-Replayed'],
      examples: { stored: { summary: 'A stored file', value: storedFile } },
    },
  },
  problems: ['invalid-header', 'idempotency-mismatch', 'too-many-open', 'storage-full', 'storage-quota'],
  async handle(needs: UploadNeeds, { req, res, caller, query, send }) {
    const { records, store, open, config } = needs
    const { name = 'file', ttlSeconds } = query
    try {
      if (Buffer.byteLength(name) > MAX_FILE_NAME_BYTES) {
        throw invalidRequest([{ pointer: '/name', detail: `has more than ${MAX_FILE_NAME_BYTES} bytes of UTF-8` }])
      }
      const contentType = contentTypeOf(req)
      const idempotency = idempotencyFor(req)
      const signal = open.admit(res)
      const content = { pieces: received(req, signal), bytes: announced(req) }
      const file = {
        tenant: caller.tenant,
        name,
        contentType,
        ttlSeconds: ttlSeconds === undefined ? undefined : Number(ttlSeconds),
      }
      const { record, replayed } = await whileKeyHolds(
        signal,
        saveFile({ records, store, maxBytes: config.files.maxBytes }, file, content, (sha256) =>
          idempotency?.(JSON.stringify(['/v1/files', name, contentType, ttlSeconds, sha256])),
        ),
      )
      needs.stored(record.file.bytes)
      res.location(`/v1/files/${record.file.id}`)
      if (replayed) res.set('Idempotent-Replayed', 'true')
      send(201, record.file)
    } catch (error) {
      if (req.readableAborted || req.errored) return void res.destroy()
      giveUpBody(req, res)
      throw problemOf(error, config.files)
    }
  },
})

const announced = (req: Request): number | undefined => {
  const length = req.get('content-length')
  return length === undefined ? undefined : Number(length)
}

/** @throws Problem `unsupported-media-type` */
function contentTypeOf(req: Request): string {
  const encoding = req.get('content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type', `the body's encoding is "${encoding}"; send the file as it is`)
  }
  const type = req.get('content-type') ?? DEFAULT_CONTENT_TYPE
  if (type.length <= MAX_FILE_NAME_BYTES && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\x20-\x7e]*)?$/.test(type))
    return type
  throw new Problem('unsupported-media-type', `the content type is "${type}"; it must be like text/csv, or absent`)
}

/** The body as it comes. One that stops coming, or whose key has ended, ends the connection. */
async function* received(req: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const end = () => req.destroy()
  signal.addEventListener('abort', end)
  let stall: NodeJS.Timeout | undefined
  const wait = () => (stall = setTimeout(end, STALL_MS))
  try {
    wait()
    // Whoever stops reading wants to answer on the same connection.
    for await (const piece of req.iterator({ destroyOnReturn: false })) {
      clearTimeout(stall)
      yield piece as Uint8Array
      wait()
    }
  } finally {
    clearTimeout(stall)
    signal.removeEventListener('abort', end)
  }
}

/**
 * The rest of the body is not wanted. It is thrown away for a while, so that a client in the middle of sending can come to read the answer;
 * then the connection ends.
 */
function giveUpBody(req: Request, res: Response): void {
  if (req.complete) return
  req.resume()
  // Not `Connection: close`, at which Node would end the connection with the answer.
  res.once('finish', () => {
    const end = setTimeout(() => req.destroy(), LINGER_MS).unref()
    req.once('end', () => clearTimeout(end))
  })
}

function problemOf(error: unknown, { maxBytes, tenantMaxFiles, tenantMaxBytes }: Config['files']): unknown {
  if (error instanceof IdempotencyConflict) return idempotencyMismatch(`the file ${error.fileId}`)
  if (error instanceof StoreUnavailable) return storeAway(error)
  if (error instanceof FileRefused) return refused(error, { maxBytes, tenantMaxFiles, tenantMaxBytes })
  return error
}

function refused(
  error: FileRefused,
  bounds: Pick<Config['files'], 'maxBytes' | 'tenantMaxFiles' | 'tenantMaxBytes'>,
): Problem {
  const { refusal } = error
  switch (refusal.kind) {
    case 'too-large': {
      const detail = `has more than the ${bounds.maxBytes} bytes that are allowed`
      return new Problem('too-large', `the file ${detail}`, { errors: [{ pointer: '', detail }] })
    }
    case 'place':
      return new Problem('storage-full', 'the file store has no room; the operator has to make some', { cause: error })
    default:
      return new Problem('storage-quota', `${quota(refusal, bounds)}; delete some first`)
  }
}

const quota = (
  { kind, stored }: Extract<Refusal, { stored: number }>,
  { tenantMaxFiles, tenantMaxBytes }: Pick<Config['files'], 'tenantMaxFiles' | 'tenantMaxBytes'>,
): string =>
  kind === 'files'
    ? `you have ${stored} files and uploads under way, and ${tenantMaxFiles} are allowed`
    : `your files have ${stored} bytes, and ${tenantMaxBytes} are allowed`

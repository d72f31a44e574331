import { createHash } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { Idempotency } from '../jobs/job-admission.ts'
import { MIB } from '../limits.ts'
import type { FileRecords, NewFile, Reserved } from './file-records.ts'
import { type FileStore, StoreFull } from './file-store.ts'
import type { FileRecord } from './stored-file.ts'

/** Why a file is not stored. `place`: the disk or the bucket has no room, or all tenants together have as much as they may. */
export type Refusal =
  | { kind: 'files' | 'tenant'; stored: number }
  | { kind: 'place'; cause?: unknown }
  | { kind: 'too-large'; most: number }

/** A file cannot be stored; nothing of it is left. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused'
  readonly refusal: Refusal

  constructor(refusal: Refusal, message: string) {
    super(message, { cause: 'cause' in refusal ? refusal.cause : undefined })
    this.refusal = refusal
  }
}

export interface SaveOptions {
  records: FileRecords
  store: FileStore
  /** Of one file, in bytes. */
  maxBytes: number
}

/** What is stored: `bytes` when that is known before. Room for as much is reserved at once then, else as the content comes. */
export interface Content {
  pieces: AsyncIterable<Uint8Array>
  bytes?: number | undefined
}

/** Room is reserved in steps of so many bytes; each renews the lease of the upload. */
const STEP_BYTES = 4 * MIB

/** Content in the file store that no file has yet. */
export interface SavedContent {
  upload: string
  tenant: string
  bytes: number
  sha256: string
}

/**
 * Stores content without making a file of it: that is for `records.commit`, or `records.abandon`.
 * @throws FileRefused; what the content, the store or Redis throws. Nothing is left then
 */
export async function saveContent(
  { records, store, maxBytes }: SaveOptions,
  tenant: string,
  { pieces, bytes: announced = 0 }: Content,
): Promise<SavedContent> {
  if (announced > maxBytes) throw tooLarge(maxBytes)
  const upload = uuid()
  const hash = createHash('sha256')
  let bytes = 0
  let reserved = announced
  let renewedAt = 0
  refuse(await records.reserve(upload, tenant, reserved, true))
  /** Of what was not announced a step ahead, where there is room for so much. @returns what is reserved now */
  const reserveOn = async (needed: number, before: number): Promise<number> => {
    const ahead = needed > before ? Math.min(maxBytes, needed + STEP_BYTES) : before
    const answer = await records.reserve(upload, tenant, ahead, false)
    if (answer.kind === 'reserved' || ahead <= needed) refuse(answer)
    else refuse(await records.reserve(upload, tenant, needed, false))
    return answer.kind === 'reserved' ? ahead : needed
  }
  async function* counted() {
    for await (const piece of pieces) {
      bytes += piece.length
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      if (bytes > reserved || bytes - renewedAt >= STEP_BYTES) {
        renewedAt = bytes
        reserved = await reserveOn(bytes, reserved)
      }
      hash.update(piece)
      yield piece
    }
  }
  try {
    await store.put(upload, counted())
    return { upload, tenant, bytes, sha256: hash.digest('hex') }
  } catch (error) {
    // What is left of it goes with the next sweep.
    await records.abandon(upload).catch(() => undefined)
    if (error instanceof StoreFull) throw new FileRefused({ kind: 'place', cause: error }, error.message)
    throw error
  }
}

/**
 * Stores a file.
 * @returns `replayed`: the idempotency key was used before with the same content; the file is the one of then
 * @throws IdempotencyConflict, FileRefused; what the content, the store or Redis throws. Nothing is left then
 */
export async function saveFile(
  options: SaveOptions,
  file: Pick<NewFile, 'tenant' | 'name' | 'contentType' | 'ttlSeconds'>,
  content: Content,
  idempotency?: (sha256: string) => Idempotency | undefined,
): Promise<{ record: FileRecord; replayed: boolean }> {
  const { records } = options
  const { upload, bytes, sha256 } = await saveContent(options, file.tenant, content)
  const own = idempotency?.(sha256)
  const committed = await records.commit(upload, { ...file, bytes, sha256 }, own)
  if (committed.kind === 'made') return { record: committed.record, replayed: false }
  if (committed.kind === 'lost') throw new Error('the upload was given up before it was complete')
  if (committed.fingerprint !== own?.fingerprint) throw new IdempotencyConflict(committed.id)
  const record = await records.read(committed.id)
  if (!record) throw new IdempotencyConflict(committed.id)
  return { record, replayed: true }
}

/** The idempotency key was used for another file. */
export class IdempotencyConflict extends Error {
  override readonly name = 'IdempotencyConflict'
  readonly fileId: string

  constructor(fileId: string) {
    super(`the key was used for the file ${fileId}`)
    this.fileId = fileId
  }
}

const tooLarge = (most: number) => new FileRefused({ kind: 'too-large', most }, `the file has more than ${most} bytes`)

/** @throws FileRefused */
function refuse(answer: Reserved): void {
  switch (answer.kind) {
    case 'reserved':
      return
    case 'lost':
      throw new Error('the upload was given up before it was complete')
    case 'all':
      throw new FileRefused({ kind: 'place' }, `the files of all tenants have ${answer.stored} bytes`)
    case 'files':
      throw new FileRefused({ kind: 'files', stored: answer.stored }, `the tenant has ${answer.stored} files`)
    case 'tenant':
      throw new FileRefused({ kind: 'tenant', stored: answer.stored }, `the tenant's files have ${answer.stored} bytes`)
  }
}

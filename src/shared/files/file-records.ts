import type { Redis } from 'ioredis'
import { v7 as uuid } from 'uuid'
import type { Idempotency } from '../jobs/job-admission.ts'
import { IDEMPOTENCY_TTL_SECONDS } from '../jobs/scripts/admission.ts'
import { MINUTE, SECOND } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, runScript } from '../redis/lua-script.ts'
import { ABANDON, COMMIT, KEEP_SECONDS, PIN, REMOVE, RESERVE, SWEEP } from './file-scripts.ts'
import type { FileRecord } from './stored-file.ts'

/** How much may be stored. */
export interface FileBounds {
  ttlSeconds: number
  tenantMaxFiles: number
  tenantMaxBytes: number
  /** Of all tenants. */
  maxBytes: number
}

/** What an upload becomes. */
export interface NewFile {
  tenant: string
  name: string
  contentType: string
  bytes: number
  sha256: string
  /** At most that of the bounds, which it is when absent. */
  ttlSeconds?: number | undefined
  jobId?: string
}

export type Reserved = { kind: 'reserved' | 'lost' } | { kind: 'files' | 'tenant' | 'all'; stored: number }

export type Committed =
  | { kind: 'made'; record: FileRecord }
  | { kind: 'known'; id: string; fingerprint: string }
  | { kind: 'lost' }

export interface FilePage {
  records: FileRecord[]
  /** Id after which the next page begins; undefined when there are no more. */
  next: string | undefined
}

/** The books of the file store, in Redis: whose which file is, how much each tenant has, what can go. See `file-scripts.ts`. */
export interface FileRecords {
  /** Reserves room for an upload, all its bytes so far; renews its lease. @param begins whether it is the first time */
  reserve(upload: string, tenant: string, bytes: number, begins: boolean): Promise<Reserved>
  /** The upload failed. */
  abandon(upload: string): Promise<void>
  /** The content of the upload is in the file store; it becomes a file. */
  commit(upload: string, file: NewFile, idempotency: Idempotency | undefined): Promise<Committed>
  /** @returns undefined when there is no such file, or it has expired */
  read(id: string): Promise<FileRecord | undefined>
  /** Those of these ids that there are. */
  readAll(ids: readonly string[]): Promise<Map<string, FileRecord>>
  /** A tenant's files, newest first. @param before id after which the page begins */
  list(tenant: string, limit: number, before: string | undefined): Promise<FilePage>
  /** The same of all tenants, or of one. */
  listAll(limit: number, before: string | undefined, tenant: string | undefined): Promise<FilePage>
  /** @returns whether the tenant had such a file */
  remove(tenant: string, id: string): Promise<boolean>
  /**
   * Keeps the content of files until these jobs have ended, whatever becomes of the files. The jobs get their records after this.
   * @returns the first whose content is gone, and nothing is kept then; undefined when all are kept
   */
  pin(
    tenant: string,
    pins: readonly { job: string; blob: string }[],
  ): Promise<{ job: string; blob: string } | undefined>
  /** Names of content that nobody needs, up to a hundred; `more`: there may be others. Ends what has expired or was lost, too. */
  sweep(): Promise<{ more: boolean; garbage: string[] }>
  /** The file store has none of these any more. */
  removed(blobs: readonly string[]): Promise<void>
  /** Whether something in the file store belongs to a file or an upload. */
  isKnown(blob: string): Promise<boolean>
  /** Bytes in the file store and reserved: of all tenants, and of one. */
  stored(tenant?: string): Promise<{ all: number; own: number }>
}

/** An upload that says nothing for so long was lost with its process. */
export const UPLOAD_LEASE_MS = 15 * MINUTE
/** How often content is looked at that only jobs need. */
const LOOK_AGAIN_MS = 30 * SECOND
/** After every id. */
const LAST = '~'

const FIELDS = ['tenant', 'blob', 'name', 'bytes', 'sha256', 'contentType', 'createdAt', 'expiresAt', 'jobId'] as const

export function createFileRecords(redis: Redis, keys: Keys, bounds: FileBounds): FileRecords {
  defineScripts(redis, [RESERVE, ABANDON, COMMIT, REMOVE, PIN, SWEEP])
  const { prefix } = keys
  const keepSeconds = bounds.ttlSeconds + KEEP_SECONDS

  const readAll = async (ids: readonly string[]): Promise<Map<string, FileRecord>> => {
    const found = new Map<string, FileRecord>()
    if (ids.length === 0) return found
    const pipeline = redis.pipeline()
    for (const id of ids) pipeline.hmget(keys.file(id), ...FIELDS)
    for (const [index, [error, values]] of ((await pipeline.exec()) ?? []).entries()) {
      if (error) throw error
      const id = ids[index] ?? ''
      const record = parse(id, values as (string | null)[])
      if (record) found.set(id, record)
    }
    return found
  }

  const list = async (index: string, limit: number, before: string | undefined): Promise<FilePage> => {
    const from = before === undefined ? `(${LAST}` : `(${before}`
    const ids = await redis.zrange(index, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit + 1)
    const page = ids.slice(0, limit)
    // Those that have expired go with the next sweep.
    const found = await readAll(page)
    return { records: page.flatMap((id) => found.get(id) ?? []), next: ids.length > limit ? page.at(-1) : undefined }
  }

  return {
    async reserve(upload, tenant, bytes, begins) {
      const { tenantMaxFiles, tenantMaxBytes, maxBytes } = bounds
      const room = { tenantMaxFiles, tenantMaxBytes, maxBytes }
      const input = { keepSeconds, upload, tenant, bytes, begins, leaseMs: UPLOAD_LEASE_MS, ...room }
      const [kind, stored] = await runScript(redis, prefix, RESERVE, input)
      return kind === 'reserved' || kind === 'lost' ? { kind } : { kind, stored }
    },
    async abandon(upload) {
      await runScript(redis, prefix, ABANDON, { keepSeconds, upload })
    },
    async commit(upload, { tenant, name, contentType, bytes, sha256, ttlSeconds, jobId }, idempotency) {
      const id = uuid()
      const made = Date.now()
      const expiresMs = made + Math.min(ttlSeconds ?? Infinity, bounds.ttlSeconds) * SECOND
      const createdAt = new Date(made).toISOString()
      const expiresAt = new Date(expiresMs).toISOString()
      const input = {
        keepSeconds,
        upload,
        tenant,
        id,
        bytes,
        sha256,
        createdAt,
        expiresAt,
        expiresMs,
        jobId,
        idempotencyHash: idempotency?.hash,
        fingerprint: idempotency?.fingerprint ?? '',
        idempotencySeconds: IDEMPOTENCY_TTL_SECONDS,
      }
      const [kind, text = '', fingerprint = ''] = await runScript(redis, prefix, COMMIT, input, [name, contentType])
      if (kind === 'lost') return { kind }
      if (kind === 'known') return { kind, id: text, fingerprint }
      const file = { id, name, bytes, sha256, contentType, createdAt, expiresAt, ...(jobId !== undefined && { jobId }) }
      return { kind, record: { file, tenant, blob: text } }
    },
    read: async (id) => (await readAll([id])).get(id),
    readAll,
    list: (tenant, limit, before) => list(keys.tenantFiles(tenant), limit, before),
    listAll: (limit, before, tenant) =>
      list(tenant === undefined ? keys.allFiles : keys.tenantFiles(tenant), limit, before),
    remove: async (tenant, id) => (await runScript(redis, prefix, REMOVE, { keepSeconds, tenant, id })) === 1,
    async pin(tenant, pins) {
      if (pins.length === 0) return undefined
      const missing = await runScript(redis, prefix, PIN, { keepSeconds, tenant, pins })
      return missing === 0 ? undefined : pins[missing - 1]
    },
    async sweep() {
      const [more, ...garbage] = await runScript(redis, prefix, SWEEP, { keepSeconds, lookAgainMs: LOOK_AGAIN_MS })
      return { more: more === 1, garbage }
    },
    async removed(blobs) {
      if (blobs.length > 0) await redis.zrem(keys.fileGarbage, ...blobs)
    },
    isKnown: async (blob) => (await redis.exists(keys.fileBlob(blob), keys.fileUpload(blob))) > 0,
    async stored(tenant = '') {
      const [all, own] = await redis.hmget(keys.fileBytes, 'all', `of:${tenant}`)
      return { all: Number(all ?? 0), own: Number(own ?? 0) }
    },
  }
}

function parse(id: string, values: readonly (string | null)[]): FileRecord | undefined {
  const [tenant, blob, name, bytes, sha256, contentType, createdAt, expiresAt, jobId] = values
  if (!tenant || !blob || !sha256 || !createdAt || !expiresAt) return undefined
  if (Date.parse(expiresAt) <= Date.now()) return undefined
  const file = {
    id,
    name: name ?? '',
    bytes: Number(bytes),
    sha256,
    contentType: contentType ?? '',
    createdAt,
    expiresAt,
  }
  return { file: jobId ? { ...file, jobId } : file, tenant, blob }
}

import type { Config } from '../../shared/config/config.ts'
import { createFileStore } from '../../shared/files/create-file-store.ts'
import { createFileRecords, type NewFile } from '../../shared/files/file-records.ts'
import { ObjectMissing } from '../../shared/files/file-store.ts'
import { FileRefused, type SavedContent, saveContent, saveFile } from '../../shared/files/save-file.ts'
import { DEFAULT_CONTENT_TYPE, type JobStoredFile, type StoredFile } from '../../shared/files/stored-file.ts'
import type { JobSpec } from '../../shared/job.ts'
import type { WorkerCore } from '../core.ts'
import type { Gathered } from '../sandbox/gathering.ts'
import type { Spilling } from '../sandbox/sandbox.ts'
import { createSpill, type StoringSpill } from './spill.ts'

/** An artifact that lies in the file store, and is no file yet. */
export interface StoredArtifact {
  path: string
  bytes: number
  content: SavedContent
}

/** The artifacts of a job: small ones as they are, and those in the file store. */
export interface JobArtifacts extends Omit<Gathered, 'spilled'> {
  stored: StoredArtifact[]
  /** How many files could not be stored: beyond what the tenant may have, or because the store had no room or failed. */
  refused: { quota: number; room: number }
}

/** What a worker does with the file store: files go from it into cells, and large artifacts to it. */
export interface JobFiles {
  /**
   * Reads a file of a job: it is open for as long as it is taken.
   * @throws FilesUnavailable when the store does not answer, at first or later; FileGone when it has no such content; what `take` throws
   */
  read(
    file: Pick<JobStoredFile, 'blob' | 'fileId'>,
    take: (content: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void>
  /** Gathers the artifacts of a job. @param gather asks its sandbox for them */
  gather(spec: JobSpec, gather: (spilling: Spilling) => Promise<Gathered>): Promise<JobArtifacts>
  /** Makes files of the job's owner of what was stored. @returns their ids by the paths of the artifacts */
  keep(spec: JobSpec, stored: readonly StoredArtifact[]): Promise<Map<string, string>>
  /** Stores a content as a file of a tenant. @throws FileRefused; what the content, the store or Redis throws */
  save(
    file: Pick<NewFile, 'tenant' | 'name' | 'contentType' | 'ttlSeconds'>,
    pieces: AsyncIterable<Uint8Array>,
  ): Promise<StoredFile>
  /** Removes such files again: the job has another result. */
  drop(tenant: string, ids: Iterable<string>): Promise<void>
  close(): Promise<void>
}

/** The file store does not answer: another attempt may succeed. */
export class FilesUnavailable extends Error {
  override readonly name = 'FilesUnavailable'
}

/** The store is not the one that the gateway has, or lost what it had. */
export class FileGone extends Error {
  override readonly name = 'FileGone'
}

export function createJobFiles({
  config,
  redis,
  keys,
  log,
}: Pick<WorkerCore, 'config' | 'redis' | 'keys' | 'log'>): JobFiles {
  const store = createFileStore(config)
  const records = createFileRecords(redis, keys, boundsOf(config))
  const options = { records, store }

  const unavailable = (error: unknown) => new FilesUnavailable(`the file store ${store.place} fails`, { cause: error })

  return {
    async read({ blob, fileId }, take) {
      const content = await store.open(blob).catch((error: unknown) => {
        if (!(error instanceof ObjectMissing)) throw unavailable(error)
        throw new FileGone(`the file ${fileId} is not in ${store.place}; gateways and workers must share one store`)
      })
      async function* pieces() {
        try {
          yield* content as AsyncIterable<Uint8Array>
        } catch (error) {
          throw unavailable(error)
        }
      }
      try {
        await take(pieces())
      } finally {
        content.destroy()
      }
    },
    async gather({ head, tenant, artifacts }, gather) {
      const maxBytes = artifacts?.maxBytes ?? 0
      const spills = new Map<object, StoringSpill<SavedContent>>()
      const { files, spilled, missing } = await gather({
        inlineBytes: config.artifacts.inlineBytes,
        begin(flow) {
          const spill = createSpill(flow, (pieces) => saveContent({ ...options, maxBytes }, tenant, { pieces }))
          spills.set(spill, spill)
          return spill
        },
      })
      const stored: StoredArtifact[] = []
      const refused = { quota: 0, room: 0 }
      for (const { path, spill } of spilled) {
        try {
          const content = await spills.get(spill)?.saved
          if (content) stored.push({ path, bytes: content.bytes, content })
        } catch (error) {
          const isQuota = error instanceof FileRefused && error.refusal.kind !== 'place'
          refused[isQuota ? 'quota' : 'room']++
          if (!isQuota) log.error({ err: error, jobId: head.id, place: store.place }, 'artifact not stored')
        }
      }
      return { files, missing, stored, refused }
    },
    async keep({ head, tenant }, stored) {
      const ids = new Map<string, string>()
      for (const { path, content } of stored) {
        const { upload, bytes, sha256 } = content
        const name = path.slice(path.lastIndexOf('/') + 1)
        const file = { tenant, name, contentType: DEFAULT_CONTENT_TYPE, bytes, sha256, jobId: head.id }
        const committed = await records.commit(upload, file, undefined)
        if (committed.kind === 'made') ids.set(path, committed.record.file.id)
      }
      return ids
    },
    async save(file, pieces) {
      const { record } = await saveFile({ ...options, maxBytes: config.files.maxBytes }, file, { pieces })
      return record.file
    },
    async drop(tenant, ids) {
      for (const id of ids) await records.remove(tenant, id)
    },
    close: () => store.close(),
  }
}

const boundsOf = ({ files }: Config) => ({
  ttlSeconds: files.ttlSeconds,
  tenantMaxFiles: files.tenantMaxFiles,
  tenantMaxBytes: files.tenantMaxBytes,
  maxBytes: files.storeMaxBytes,
})

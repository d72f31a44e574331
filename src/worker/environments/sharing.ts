import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { EnvironmentRecord } from '../../shared/environments/environment.ts'
import { lockId } from '../../shared/environments/environment-oversight.ts'
import { createFileStore } from '../../shared/files/create-file-store.ts'
import { createFileRecords } from '../../shared/files/file-records.ts'
import { saveContent } from '../../shared/files/save-file.ts'
import { GIB } from '../../shared/limits.ts'
import type { WorkerCore } from '../core.ts'
import { isNoRoom, type TreeStore } from './tree-store.ts'

/** Brings what one host installed to others, by the file store. */
export interface Sharing {
  /** Stores a pack. @returns the id of its file; undefined when it cannot be stored: other hosts build it by themselves */
  share(record: EnvironmentRecord, pack: string): Promise<string | undefined>
  /** Takes an environment from the file store. @returns whether it had it @throws NoRoom, ENOSPC; nothing is left then */
  fetch(record: EnvironmentRecord, key: string): Promise<boolean>
  /** Removes one from the file store. */
  forget(fileId: string): Promise<void>
  close(): Promise<void> | void
}

/** In whose name the file store keeps packs. It is no name that a tenant can have. */
const STORE_TENANT = 'runyard/environments'

export function createSharing({ config, redis, keys, log }: WorkerCore, trees: TreeStore): Sharing {
  const { files } = config
  const store = createFileStore(config)
  const records = createFileRecords(redis, keys, {
    ttlSeconds: files.ttlSeconds,
    tenantMaxFiles: 1e6,
    tenantMaxBytes: files.storeMaxBytes,
    maxBytes: files.storeMaxBytes,
  })

  return {
    async share({ view }, pack) {
      try {
        const options = { records, store, maxBytes: 4 * GIB }
        const content = await saveContent(options, STORE_TENANT, { pieces: createReadStream(pack) })
        const { upload, bytes, sha256 } = content
        const name = `${view.language}-${view.id}`
        const file = { tenant: STORE_TENANT, name, contentType: 'application/octet-stream', bytes, sha256 }
        const committed = await records.commit(upload, file, undefined)
        return committed.kind === 'made' ? committed.record.file.id : undefined
      } catch (err) {
        log.warn({ err, environment: view.id }, 'environment not shared by the file store')
        return undefined
      }
    },
    async fetch(record, key) {
      if (record.key !== key || record.fileId === undefined) return false
      const file = await records.read(record.fileId)
      if (!file) return false
      const pack = await trees.newPack()
      try {
        const hash = createHash('sha256')
        const hashed = async function* (pieces: AsyncIterable<Buffer>) {
          for await (const piece of pieces) {
            hash.update(piece)
            yield piece
          }
        }
        await pipeline(await store.open(file.blob), hashed, createWriteStream(pack, { mode: 0o600 }))
        if (hash.digest('hex') !== file.file.sha256) throw new Error('the file store has other content')
        const { language, lock } = record.view
        await trees.add(key, pack, lock === null ? undefined : lockId(language, lock))
        return true
      } catch (err) {
        // Where it cannot be kept it cannot be built either.
        if (isNoRoom(err)) throw err
        log.warn({ err, environment: record.view.id }, 'environment not taken from the file store')
        return false
      } finally {
        await rm(pack, { force: true })
      }
    },
    forget: async (fileId) => void (await records.remove(STORE_TENANT, fileId)),
    close: () => store.close(),
  }
}

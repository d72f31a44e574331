import type { Logger } from 'pino'
import { MINUTE } from '../limits.ts'
import { type FileRecords, UPLOAD_LEASE_MS } from './file-records.ts'
import { type FileStore, isObjectName } from './file-store.ts'

/** How often expired files go, and what uploads left that were lost. */
export const SWEEP_MS = MINUTE
/** How often the file store is looked through for what the books do not know: only a Redis that lost data leaves such. */
export const AUDIT_MS = 6 * 60 * MINUTE

/**
 * Removes from the file store what nobody needs. Any number of gateways may do so at the same time.
 * @returns how many objects are gone
 * @throws what Redis or the store answers; the rest goes the next time
 */
export async function sweepFiles(records: FileRecords, store: FileStore): Promise<number> {
  let gone = 0
  for (let more = true; more;) {
    const found = await records.sweep()
    for (const blob of found.garbage) await store.remove(blob)
    await records.removed(found.garbage)
    gone += found.garbage.length
    ;({ more } = found)
  }
  return gone
}

/**
 * Removes what lies in the file store and is in no book, once no upload can still make it a file.
 * @throws as `sweepFiles`
 */
export async function auditFiles(records: FileRecords, store: FileStore, log: Logger): Promise<void> {
  let gone = 0
  for await (const { name, changedMs } of store.names()) {
    if (!isObjectName(name) || Date.now() - changedMs < 2 * UPLOAD_LEASE_MS || (await records.isKnown(name))) continue
    await store.remove(name)
    gone++
  }
  if (gone > 0) log.warn({ objects: gone, place: store.place }, 'removed objects of the file store that no file has')
}

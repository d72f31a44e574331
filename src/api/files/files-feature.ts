import { closeOnce } from '../../shared/close-once.ts'
import { createFileStore } from '../../shared/files/create-file-store.ts'
import { createFileRecords, type FileRecords } from '../../shared/files/file-records.ts'
import type { FileStore } from '../../shared/files/file-store.ts'
import { AUDIT_MS, auditFiles, SWEEP_MS, sweepFiles } from '../../shared/files/sweep-files.ts'
import type { Core } from '../core.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { adminFileRoutes } from './admin-files.ts'
import { fileRoutes, readContent } from './file-routes.ts'
import { uploadFile } from './upload-file.ts'

export interface FilesNeeds {
  open: OpenResponses
  audit: Audit
  /** Counts a file that was stored. */
  stored: (bytes: number) => void
}

export interface FilesFeature {
  routes: BoundRoute[]
  records: FileRecords
  store: FileStore
  close: () => Promise<void>
}

export const FILE_ROUTES = [uploadFile, ...fileRoutes, readContent, ...adminFileRoutes]

/** `/v1/files`: what tenants upload for their jobs, and what jobs made that is too large to stand beside their results. */
export function createFilesFeature(core: Core, { open, audit, stored }: FilesNeeds): FilesFeature {
  const { config, redis, keys, log, closing } = core
  const store = createFileStore(config)
  const { ttlSeconds, tenantMaxFiles, tenantMaxBytes, storeMaxBytes: maxBytes } = config.files
  const records = createFileRecords(redis, keys, { ttlSeconds, tenantMaxFiles, tenantMaxBytes, maxBytes })
  /** Asked for while it is under way, it is done once more: what is to be tidied may have come since. */
  const tidy = (what: string, task: () => Promise<unknown>) => {
    let state: 'idle' | 'busy' | 'again' = 'idle'
    const run = () => {
      if (closing.aborted || redis.status !== 'ready') return
      if (state !== 'idle') return void (state = 'again')
      state = 'busy'
      void task()
        .catch((err: unknown) => log.warn({ err }, `${what} failed`))
        .finally(() => {
          const isWanted = state === 'again'
          state = 'idle'
          if (isWanted) run()
        })
    }
    return run
  }
  const sweep = tidy('sweep of files', () => sweepFiles(records, store))
  const timers = [
    setInterval(sweep, SWEEP_MS),
    setInterval(
      tidy('audit of files', () => auditFiles(records, store, log)),
      AUDIT_MS,
    ),
  ]
  return {
    routes: bindRoutes({ records, store, open, audit, stored, config, sweep }, FILE_ROUTES),
    records,
    store,
    close: closeOnce(
      () => timers.forEach((timer) => clearInterval(timer)),
      () => store.close(),
    ),
  }
}

import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { createDirectoryStore } from './directory-store.ts'
import type { FileStore } from './file-store.ts'
import { createS3Store } from './s3-store.ts'

/** The file store of an installation: the bucket, where one is configured, else the directory. */
export function createFileStore({ files, namespace }: Pick<Config, 'files' | 'namespace'>): FileStore {
  const { s3, folder, minFreeBytes } = files
  return s3 ? createS3Store(s3, namespace) : createDirectoryStore(join(folder, namespace), { minFreeBytes })
}

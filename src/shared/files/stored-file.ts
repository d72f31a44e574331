import Type, { type Static } from 'typebox'
import { orNull } from '../schema.ts'

export const MAX_FILE_NAME_BYTES = 255
/** What a file is when its uploader does not say. */
export const DEFAULT_CONTENT_TYPE = 'application/octet-stream'

/** A file of a tenant, as the tenant sees it. */
export const StoredFile = Type.Object({
  id: Type.String({ format: 'uuid', description: 'a UUID of version 7' }),
  name: Type.String({ description: 'for people; of an artifact, the last part of its path' }),
  bytes: Type.Integer(),
  sha256: Type.String({ description: 'of the content, in hexadecimal' }),
  contentType: Type.String({ description: 'as the uploader said; `application/octet-stream` when it did not' }),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  expiresAt: Type.String({ format: 'date-time', description: 'when it is removed' }),
  jobId: Type.Optional(Type.String({ format: 'uuid', description: 'the job that made it; absent: it was uploaded' })),
})
export type StoredFile = Static<typeof StoredFile>

/** A file as an operator sees it. */
export const TenantFile = Type.Object({ ...StoredFile.properties, tenant: Type.String() })
export type TenantFile = Static<typeof TenantFile>

/** A page of the files of all tenants, or of one. */
export const AdminFilePage = Type.Object({
  files: Type.Array(TenantFile),
  next: orNull(Type.String({ description: 'the `cursor` of the next page; `null` on the last' })),
  storedBytes: Type.Integer({ description: 'in the file store and reserved: of the tenant, or of all' }),
  maxBytes: Type.Integer({ description: 'the most that may be' }),
})
export type AdminFilePage = Static<typeof AdminFilePage>

/** A stored file with what its tenant is not shown. */
export interface FileRecord {
  file: StoredFile
  tenant: string
  /** Name of its content in the file store. Files of one tenant with the same content share it. */
  blob: string
}

/** A stored file that a job gets, as it stands in the job's specification. */
export interface JobStoredFile {
  path: string
  /** In octal; absent: `0644`. */
  mode?: string
  fileId: string
  blob: string
  bytes: number
}

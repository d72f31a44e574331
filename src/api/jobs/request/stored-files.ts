import type { FileRecord, JobStoredFile } from '../../../shared/files/stored-file.ts'
import type { SourceFile } from '../../../shared/job.ts'
import { fileBytesWithin, KIB, type Limits } from '../../../shared/limits.ts'
import type { FieldError } from '../../../shared/problems.ts'
import type { RequestFile } from '../../../shared/requests.ts'

/** Reads the files of these ids that there are. */
export type ReadFiles = (ids: readonly string[]) => Promise<Map<string, FileRecord>>

/** A file takes whole pages of the job's file system. */
const PAGE_BYTES = 4 * KIB

/**
 * The files of a request that are given by id.
 * @returns them, and what is wrong: an id of no file of this tenant
 */
export async function storedFiles(
  files: readonly RequestFile[],
  tenant: string,
  read: ReadFiles,
): Promise<{ stored: JobStoredFile[]; errors: FieldError[] }> {
  const named = files.flatMap(({ path, id, mode }, index) =>
    id === undefined ? [] : [{ path, mode, index, id: id.toLowerCase() }],
  )
  const found = named.length === 0 ? new Map<string, FileRecord>() : await read(named.map(({ id }) => id))
  const errors: FieldError[] = []
  const stored = named.flatMap(({ path, mode, index, id }): JobStoredFile[] => {
    const record = found.get(id)
    if (record?.tenant === tenant) {
      return [{ path, fileId: id, blob: record.blob, bytes: record.file.bytes, ...(mode !== undefined && { mode }) }]
    }
    errors.push({ pointer: `/files/${index}/id`, detail: 'is of no file of yours; it may have expired' })
    return []
  })
  return { stored, errors }
}

/**
 * Stored files that do not fit into the file system of a job or session with the others.
 * @param limits its own
 * @param ceilings the most it may ask for
 */
export function checkFit(
  inline: readonly SourceFile[],
  stored: readonly JobStoredFile[],
  limits: Limits,
  ceilings: Limits,
): FieldError[] {
  if (stored.length === 0) return []
  const sizes = [
    ...inline.map(({ content, encoding }) => Buffer.byteLength(content, encoding)),
    ...stored.map(({ bytes }) => bytes),
  ]
  const needed = sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES, 0)
  if (needed <= limits.fileBytes) return []
  const most = Math.min(ceilings.fileBytes, fileBytesWithin(ceilings.memoryBytes))
  const help =
    needed > most
      ? `the most this service allows is ${most}`
      : `set it to more than that, and /limits/memoryBytes to at least twice as much`
  return [
    {
      pointer: '/limits/fileBytes',
      detail: `is ${limits.fileBytes}; the files take ${needed} bytes; ${help}`,
    },
  ]
}

import { snapshotIdOf } from './sandbox-ids.ts'
import type { TenantRecords } from './tenant-records.ts'

/** The working folder of a sandbox, kept as a file of its tenant. */
export interface Snapshot {
  fileId: string
  /** As clients name it. */
  sandboxId: string
  templateId: string
  /** What its owner calls it, to create sandboxes by. */
  name: string | null
  expiresAt: string
}

/** Ids are in the order of time. */
export const newestFirst = (all: Iterable<Snapshot>): Snapshot[] =>
  [...all].toSorted((a, b) => (a.fileId < b.fileId ? 1 : -1))

/** The tenant's snapshot of this id; or else the newest of this name. */
export async function findSnapshot(
  snapshots: Pick<TenantRecords<Snapshot>, 'all'>,
  tenant: string,
  asked: string,
): Promise<Snapshot | undefined> {
  const all = newestFirst((await snapshots.all(tenant)).values())
  return all.find(({ fileId }) => snapshotIdOf(fileId) === asked) ?? all.find(({ name }) => name === asked)
}

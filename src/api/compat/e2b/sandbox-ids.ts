/** Clients split host names at `-`, so an id of theirs is that of a session without its dashes. */
export const sandboxIdOf = (sessionId: string): string => sessionId.replaceAll('-', '')

/** @returns undefined for what cannot be the id of a session */
export function sessionIdOf(sandboxId: string): string | undefined {
  const [, a, b, c, d, e] = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(sandboxId) ?? []
  return a === undefined ? undefined : [a, b, c, d, e].join('-')
}

const SNAPSHOT = 'snapshot-'

/** A snapshot as clients name it, by the id of its file. */
export const snapshotIdOf = (fileId: string): string => `${SNAPSHOT}${sandboxIdOf(fileId)}`

/** @returns undefined for what cannot be the id of a snapshot */
export const fileIdOfSnapshot = (snapshotId: string): string | undefined =>
  snapshotId.startsWith(SNAPSHOT) ? sessionIdOf(snapshotId.slice(SNAPSHOT.length)) : undefined

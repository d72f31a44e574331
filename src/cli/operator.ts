import { userInfo } from 'node:os'

/** Who acts, as far as this machine knows, for the record. */
export function operator(): string {
  try {
    return `command line (${userInfo().username})`
  } catch {
    // In a container, a user id may have no name.
    return `command line (user ${process.getuid?.() ?? '?'})`
  }
}

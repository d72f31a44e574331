/** The longest a request may be held open for a job's end, in seconds. */
export const MAX_WAIT_SECONDS = 60

/**
 * How long a client is willing to wait, from its `Prefer` header (RFC 7240): `wait=N`, seconds.
 * @returns seconds, at most 60; undefined when it does not want to wait. A malformed preference is no preference, as the RFC has it
 */
export function preferredWait(header: string | undefined): number | undefined {
  for (const preference of header?.split(',') ?? []) {
    const match = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(;|$)/i.exec(preference)
    if (match) return Math.min(Number(match[1]), MAX_WAIT_SECONDS)
  }
  return undefined
}

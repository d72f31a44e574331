import { createLatest } from '../../shared/latest.ts'

/** What an `Idempotency-Key` says of a request: see `src/api/http/idempotency.ts`. */
export interface RequestIdentity {
  /** Of the key. */
  hash: string
  /** Of all that the request says. */
  fingerprint: string
}

/** The key was used for another request before. */
export class IdempotencyMismatch extends Error {
  override readonly name = 'IdempotencyMismatch'
}

/** Which execution or command a request that was sent again has made already. */
export interface RepeatedRequests {
  /** @returns the id of what it has made; undefined the first time. @throws IdempotencyMismatch */
  find(identity: RequestIdentity | undefined): string | undefined
  /** @param id of what it has made */
  note(identity: RequestIdentity | undefined, id: string): void
}

/** Keys that are remembered: more than the results that are kept, since what has gone must not run again. */
const REMEMBERED = 2000

export function createRepeatedRequests(most = REMEMBERED): RepeatedRequests {
  const known = createLatest<string, { id: string; fingerprint: string }>(most)
  return {
    find(identity) {
      const before = identity && known.get(identity.hash)
      if (!before || before.fingerprint === identity.fingerprint) return before?.id
      throw new IdempotencyMismatch(
        `the Idempotency-Key was already used for another request, which created ${before.id}`,
      )
    },
    note(identity, id) {
      if (identity) known.put(identity.hash, { id, fingerprint: identity.fingerprint })
    },
  }
}

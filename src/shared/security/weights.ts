import { endUserSubject } from './event-subject.ts'
import type { SecurityEvent, SecurityEventKind } from './security-event.ts'
import { addressSubject, isLoopbackAddress, keySubject, type Subject } from './subject.ts'

/**
 * How much an event adds to the score of the address, the key and the end user it came from. A key stands for a platform with
 * many users: what programs do counts against it only as far as it must. docs/abuse.md holds the same table.
 */
export const WEIGHTS: Readonly<Partial<Record<SecurityEventKind, { address: number; key: number; endUser: number }>>> =
  {
    'escape-attempt': { address: 50, key: 5, endUser: 50 },
    'submission-blocked': { address: 10, key: 0, endUser: 10 },
    'authentication-failed': { address: 5, key: 0, endUser: 0 },
    'scope-refused': { address: 2, key: 1, endUser: 0 },
    'rate-limited': { address: 1, key: 0, endUser: 1 },
    'time-limit': { address: 1, key: 0, endUser: 1 },
  }

/** What an event adds to whose score; whoever is not named here cannot be blocked by it. */
export interface ScoreChange {
  subject: Subject
  weight: number
}

/**
 * Where a platform named its end user, that one's score grows and not the key's. An address counts when no key was shown, and for
 * failed authentications, which are the address's own; this machine's address never does.
 */
export function scoreChanges({ kind, address, keyId, tenant, endUser }: SecurityEvent): ScoreChange[] {
  const weight = WEIGHTS[kind]
  if (!weight) return []
  const changes: ScoreChange[] = []
  const addressCounts = keyId === null || kind === 'authentication-failed'
  if (address !== null && addressCounts && !isLoopbackAddress(address)) {
    changes.push({ subject: addressSubject(address), weight: weight.address })
  }
  const ofEndUser = endUserSubject(tenant, endUser)
  if (ofEndUser !== undefined) changes.push({ subject: ofEndUser, weight: weight.endUser })
  else if (keyId !== null) changes.push({ subject: keySubject(keyId), weight: weight.key })
  return changes.filter((change) => change.weight > 0)
}

import type { SecurityEvent, SecurityEventKind } from './security-event.ts'
import { addressSubject, isLoopbackAddress, keySubject, type Subject } from './subject.ts'

/**
 * How much an event adds to the score of the address and of the key it came from. A key stands for a platform with many
 * users: what happens in ordinary use does not count against it. docs/abuse.md holds the same table.
 */
export const WEIGHTS: Readonly<Partial<Record<SecurityEventKind, { address: number; key: number }>>> = {
  'escape-attempt': { address: 50, key: 5 },
  'submission-blocked': { address: 10, key: 2 },
  'authentication-failed': { address: 5, key: 0 },
  'scope-refused': { address: 2, key: 1 },
  'rate-limited': { address: 1, key: 0 },
  'time-limit': { address: 1, key: 0 },
}

/** What an event adds to whose score; whoever is not named here cannot be blocked by it. */
export interface ScoreChange {
  subject: Subject
  weight: number
}

/**
 * An address counts when no key was shown, and for failed authentications, which are the address's own; this machine's address
 * never does.
 */
export function scoreChanges({ kind, address, keyId }: SecurityEvent): ScoreChange[] {
  const weight = WEIGHTS[kind]
  if (!weight) return []
  const changes: ScoreChange[] = []
  const addressCounts = keyId === null || kind === 'authentication-failed'
  if (address !== null && addressCounts && !isLoopbackAddress(address)) {
    changes.push({ subject: addressSubject(address), weight: weight.address })
  }
  if (keyId !== null) changes.push({ subject: keySubject(keyId), weight: weight.key })
  return changes.filter((change) => change.weight > 0)
}

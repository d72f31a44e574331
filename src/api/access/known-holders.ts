import { createHash } from 'node:crypto'
import type { ApiKey } from '../../shared/access/api-key.ts'
import { createLatest } from '../../shared/latest.ts'

/**
 * Who showed a key here before, so that work for that holder can begin while Redis is asked whether the key still opens anything. It
 * lets nobody in: what it knows is what held then. Whoever shows only the id of a key finds nothing.
 */
export interface KnownHolders {
  find(presented: string): ApiKey | undefined
  /** @param key that was verified by what was presented */
  note(presented: string, key: ApiKey): void
  /** To be told of a key that opens nothing any more. */
  forget(presented: string): void
}

const MOST_KNOWN = 10_000

export function createKnownHolders(most = MOST_KNOWN): KnownHolders {
  const known = createLatest<string, ApiKey>(most)
  // The secret itself is not kept.
  const nameOf = (presented: string) => createHash('sha256').update(presented).digest('base64')
  return {
    find: (presented) => known.get(nameOf(presented)),
    note: (presented, key) => known.put(nameOf(presented), key),
    forget: (presented) => known.delete(nameOf(presented)),
  }
}

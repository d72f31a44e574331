import type { SessionRecords } from './session-records.ts'

/**
 * Ends sessions whose lease is over. Any number of workers and gateways may look.
 * @returns a function to be called now and then. A session counts as lost when it was found so twice in a row: after Redis was away
 *   every lease is over for a moment. @throws what Redis answered, from that function
 */
export function createLostSessions(records: Pick<SessionRecords, 'lost' | 'read' | 'end'>): () => Promise<void> {
  let suspects = new Set<string>()
  return async () => {
    const ids = await records.lost()
    const before = suspects
    suspects = new Set(ids)
    for (const id of ids) {
      if (!before.has(id)) continue
      const waits = (await records.read(id))?.session.state === 'starting'
      const why = waits
        ? ({ reason: 'no-room', message: 'no worker took it in time' } as const)
        : ({ reason: 'session-lost', message: 'its worker was lost' } as const)
      await records.end(id, why, true)
    }
  }
}

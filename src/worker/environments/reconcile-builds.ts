import type { Logger } from 'pino'
import { isOver } from '../../shared/environments/environment.ts'
import { type EnvironmentRecords, UNDECIDED_MS } from '../../shared/environments/environment-records.ts'
import { MINUTE } from '../../shared/limits.ts'

/** Long after an environment was asked for its build is in the queue, or never will be. */
const DOUBT_MS = MINUTE

export interface ReconcileBuildsOptions {
  records: Pick<EnvironmentRecords, 'undecided' | 'read' | 'settled'>
  /** What the queue says of a build: BullMQ's state, `unknown` for one it does not have. */
  stateOf: (id: string) => Promise<string>
  /** Fails an environment that has no end yet, and lets go who waits for it. */
  giveUp: (id: string) => Promise<void>
  log: Logger
  now?: () => number
}

/**
 * Fails environments that nobody builds: the queue does not know of them (any more), or no worker with an installer came for hours. Any
 * worker does it, and more than one may.
 * @throws when Redis fails
 */
export async function reconcileBuilds(options: ReconcileBuildsOptions): Promise<void> {
  const { records, stateOf, giveUp, log, now = Date.now } = options
  for (const id of await records.undecided(now() - DOUBT_MS)) {
    const record = await records.read(id)
    if (!record || isOver(record.view)) {
      await records.settled(id)
      continue
    }
    const state = await stateOf(id)
    const isTooLong = now() - Date.parse(record.view.createdAt) > UNDECIDED_MS
    if (!['unknown', 'completed', 'failed'].includes(state) && !(isTooLong && state !== 'active')) continue
    log.warn({ environment: id, state }, 'environment that nobody builds was ended')
    await giveUp(id)
  }
}

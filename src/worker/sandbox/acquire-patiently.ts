import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { SECOND } from '../../shared/limits.ts'
import { EngineDown } from './engine-health.ts'
import { type Lease, PoolClosed, type SandboxPool, type SandboxRequest } from './pool.ts'

/** Between one try and the next; about a minute in all. */
const PAUSES_MS = [1, 2, 5, 10, 10, 10, 10, 10].map((seconds) => seconds * SECOND)

/**
 * Asks the pool for a sandbox, again and again while one cannot be made.
 * @throws what the last try threw; at once when the engine is down, the pool is closed or the signal aborts
 */
export async function acquirePatiently(
  pool: SandboxPool,
  request: SandboxRequest,
  signal: AbortSignal,
  log: Logger,
): Promise<Lease> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await pool.acquire(request)
    } catch (err) {
      if (err instanceof EngineDown || err instanceof PoolClosed || signal.aborted) throw err
      log.warn({ err, pauseMs }, 'no sandbox could be made; trying again')
      await sleep(pauseMs, undefined, { signal })
    }
  }
  return pool.acquire(request)
}

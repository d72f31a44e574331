import { Problem, RETRY_SOON } from '../../shared/problems.ts'
import type { Overview, Runtimes } from '../../shared/redis/worker-registry.ts'

/**
 * Refuses work while every worker that is alive has lost its container engine. With no worker at all jobs are accepted:
 * they wait for one, as they do while all of them restart.
 * @throws Problem `engine-unavailable`
 */
export function checkWorkers({ workers }: Overview): void {
  if (workers.length === 0 || workers.some((worker) => worker.engine === 'up')) return
  throw new Problem(
    'engine-unavailable',
    'no worker can run jobs now: the container engine does not answer; it is tried again every second',
    { headers: RETRY_SOON },
  )
}

/**
 * What can be run.
 * @throws Problem `unavailable` when no worker has told so far: on a Redis that is new, or that has lost its data
 */
export function knownRuntimes({ runtimes }: Overview): Runtimes {
  if (runtimes) return runtimes
  throw new Problem('unavailable', 'no worker has reported its languages yet; try again shortly', {
    headers: RETRY_SOON,
  })
}

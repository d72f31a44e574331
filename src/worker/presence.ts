import { availableParallelism, freemem, hostname, loadavg, totalmem } from 'node:os'
import { closeOnce } from '../shared/close-once.ts'
import { createWorkerRegistry, HEARTBEAT_MS, type WorkerInfo } from '../shared/redis/worker-registry.ts'
import type { WorkerCore } from './core.ts'
import { startTimer } from './timer.ts'

/** What of a worker changes. */
export interface WorkerState extends Pick<WorkerInfo, 'engine' | 'runtimes' | 'sessions'> {
  load: Pick<NonNullable<WorkerInfo['load']>, 'jobs' | 'pool'>
}

/** Tells the others that this worker lives, and what it can run. */
export interface Presence {
  /** Tells it now; it is told now and then by itself. @throws when Redis refuses */
  beat: () => Promise<void>
  close: () => Promise<void>
}

export function createPresence({ id, config, keys, redis, log }: WorkerCore, state: () => WorkerState): Presence {
  const registry = createWorkerRegistry(redis, keys)
  const { slots, installOnRequest } = config.worker
  const constant = { id, host: hostname(), pid: process.pid, startedAt: new Date().toISOString(), slots }
  const beat = () => {
    const { engine, runtimes, load, sessions } = state()
    const { ready, bound, lent, making } = load.pool
    return registry.heartbeat({
      ...constant,
      engine,
      runtimes,
      ...(sessions && { sessions }),
      heartbeatAt: new Date().toISOString(),
      installsOnRequest: installOnRequest,
      load: { ...machineLoad(), jobs: load.jobs, pool: { ready, bound, lent, making } },
    })
  }
  const timer = startTimer('heartbeat', HEARTBEAT_MS, beat, log)
  return {
    beat,
    close: closeOnce(
      () => timer.stop(),
      () => (redis.status === 'ready' ? registry.leave(id) : undefined),
    ),
  }
}

const machineLoad = () => ({
  cpus: availableParallelism(),
  load1: loadavg()[0] ?? 0,
  memoryBytes: totalmem(),
  freeMemoryBytes: freemem(),
})

import { closeOnce } from '../../shared/close-once.ts'
import { SECOND } from '../../shared/limits.ts'
import { createWorkerRegistry } from '../../shared/redis/worker-registry.ts'
import type { WorkerCore } from '../core.ts'
import { startTimer } from '../timer.ts'
import { createEngineHealth } from './engine-health.ts'
import type { Engine } from './engine.ts'
import { createSandboxPool, type PoolObserver, type SandboxPool } from './pool.ts'
import { partsOf } from './sandbox-image.ts'
import type { SandboxMaker } from './sandbox-maker.ts'
import { sweepOrphans, sweepOwn } from './sweep.ts'

const SWEEP_MS = 30 * SECOND

/** The sandboxes of a worker: made ahead while the engine can, and removed, those of dead workers too. */
export interface Sandboxes {
  pool: SandboxPool
  readonly isEngineUp: boolean
  /** Removes all of them. Idempotent. */
  close: () => Promise<void>
}

export interface SandboxesOptions {
  engine: Engine
  maker: SandboxMaker
  observer: PoolObserver
  /** What an interpreter that waits in a sandbox of this image holds in memory; 0 where none can. */
  waitingBytes: (image: string) => number
  /** Keeps an environment on this host, by its key. */
  holdEnvironment: (key: string) => () => void
  /** Is told when the engine goes away or is back. */
  engineChanged: (isUp: boolean) => Promise<void>
}

export function createSandboxes(
  { id, config, keys, redis, log }: WorkerCore,
  { engine, maker, observer, waitingBytes, holdEnvironment, engineChanged }: SandboxesOptions,
): Sandboxes {
  const { limits, sandbox: settings, worker, namespace } = config
  const standardMemoryBytes = limits.defaults.memoryBytes
  const health = createEngineHealth({
    engine,
    create: (image, memoryBytes) => maker.make(image, memoryBytes),
    trial: async () => (await maker.make(maker.anyImage(), standardMemoryBytes)).destroy(),
    changed: (isUp) =>
      void engineChanged(isUp).catch((err: unknown) => log.error({ err }, 'change of the engine not published')),
    log,
  })
  const pool = createSandboxPool({
    create: (image, memoryBytes) => health.create(image, memoryBytes),
    reuse: settings.reuse,
    standardMemoryBytes,
    ready: settings.poolReady,
    slots: worker.slots,
    budget: { bytes: settings.poolMemoryBytes, waitingBytes },
    hold: (image) => {
      const { environment } = partsOf(image)
      return environment === undefined ? () => undefined : holdEnvironment(environment)
    },
    wear: settings,
    observer,
    log,
  })
  const registry = createWorkerRegistry(redis, keys)
  const suspects = new Set<string>()
  const sweep = () => sweepOrphans(engine, registry, namespace, id, (container) => maker.has(container), suspects, log)
  const timer = startTimer('sweep', SWEEP_MS, sweep, log)
  return {
    pool,
    get isEngineUp() {
      return health.up
    },
    close: closeOnce(
      () => timer.stop(),
      () => health.stop(),
      () => pool.close(),
      () => sweepOwn(engine, id),
    ),
  }
}

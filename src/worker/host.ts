import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Config, ConfigError } from '../shared/config/config.ts'
import { createTreeStore } from './environments/tree-store.ts'
import { prewarmPrograms } from './jobs/plan.ts'
import { createWorkerMetrics, type WorkerSources } from './metrics/worker-metrics.ts'
import { findRuntimes } from './runtimes/installed-runtimes.ts'
import type { createEngine } from './sandbox/engine.ts'
import { createProvenMaker } from './sandbox/sandbox-maker.ts'
import { waitingMemory } from './sandbox/waiting-memory.ts'

export type Host = Awaited<ReturnType<typeof prepareHost>>

export interface HostOptions {
  config: Config
  /** Folder with `languages/` and `sandbox/`. */
  root: string
  /** The worker's id. */
  worker: string
  log: Logger
  /** Makes what asks podman, of where it answers. */
  engineAt: typeof createEngine
  /** Where the metrics of this moment come from. */
  sources: Pick<WorkerSources, 'busySlots' | 'sandboxes' | 'sessions' | 'isEngineUp' | 'redis'>
  /** An environment was removed from this host. */
  evicted: (environment: string) => void
}

/**
 * What a worker has of its host before it is connected to anything: podman, the languages that are installed, the packages that are
 * kept, and the proof that limits hold in the sandboxes it makes.
 * @throws ConfigError when podman is not configured, LimitsNotEnforced when this host cannot keep limits, Error when no language is
 * installed or podman does not answer
 */
export async function prepareHost({ config, root, worker, log, engineAt, sources, evicted }: HostOptions) {
  const { podmanSocket, containerImages } = config.sandbox
  if (podmanSocket === undefined) throw new ConfigError('PODMAN_SOCKET is not set; a worker needs one')
  const engine = engineAt(podmanSocket, config.timeoutFactor)
  // Asked first: what it says tells also where the engine keeps its images, so that these are looked for without asking it again.
  const identity = await engine.identity()
  const installed = await findRuntimes(engine, root, containerImages, log)
  const metrics = createWorkerMetrics({
    ...sources,
    ofNode: config.metrics.workerPort !== undefined,
    slots: config.worker.slots,
    runtimes: [...installed.defined, 'container'],
  })
  const prewarm = prewarmPrograms(config, installed.languageOf)
  const trees = createTreeStore({
    folder: join(config.dataDir, 'environments'),
    bounds: config.packages,
    maxBytes: config.packages.hostMaxBytes,
    minFreeBytes: config.files.minFreeBytes,
    evicted,
    log,
  })
  const images = { all: installed.images, prewarm }
  const maker = await createProvenMaker({ config, worker, engine, identity, images, trees, observer: metrics, log })
  const waitingBytes = waitingMemory(join(root, 'languages'), installed.languageOf, prewarm)
  return { root, podmanSocket, engine, installed, metrics, trees, maker, waitingBytes }
}

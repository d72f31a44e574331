import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import { closeOnce } from '../shared/close-once.ts'
import { type Config, ConfigError } from '../shared/config/config.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { createCapabilities } from './capabilities.ts'
import { connectCore } from './core.ts'
import { prepareHost } from './host.ts'
import { createMetricsEndpoint } from './metrics/metrics-endpoint.ts'
import { createPresence } from './presence.ts'
import { createRuntimes } from './runtimes/runtimes.ts'
import { createEngine } from './sandbox/engine.ts'
import { partsOf } from './sandbox/sandbox-image.ts'

export interface RunningWorker {
  id: string
  /** Where its metrics are served, if they are. */
  metricsUrl: string | undefined
  /** Ends running jobs in good order, within the drain time, and removes every sandbox. Idempotent. */
  close(): Promise<void>
}

export interface WorkerOptions {
  /** Its own; the caller closes it. */
  tracing?: Tracing | undefined
  /**
   * Makes what asks podman, `createEngine` unless given. Podman computes for half a second to say who it is and which images it has: whoever starts
   * many workers in one process has one that remembers.
   */
  engineAt?: typeof createEngine | undefined
}

/**
 * Starts a worker: proves that limits hold here, fills the pool, then takes jobs.
 * @param root folder with `languages/` and `sandbox/`
 * @throws ConfigError when Redis or podman is not configured, LimitsNotEnforced when this host cannot keep limits, Error when no
 * language is installed or podman does not answer; nothing is left running then
 */
export async function startWorker(
  config: Config,
  root: string,
  log: Logger,
  { tracing, engineAt = createEngine }: WorkerOptions = {},
): Promise<RunningWorker> {
  if (!config.redis) throw new ConfigError('REDIS_URL is not set; a worker needs one')
  const id = uuid()
  const host = await prepareHost({
    config,
    root,
    worker: id,
    log,
    engineAt,
    sources: {
      busySlots: () => jobs.running,
      sandboxes: () => sandboxes.pool.counts(),
      sessions: () => sessions.counts,
      isEngineUp: () => sandboxes.isEngineUp,
      redis: () => core.redis,
    },
    evicted: (key) => sandboxes.pool.discardIdle((image) => partsOf(image).environment === key),
  })
  const { installed } = host
  const core = connectCore(id, config, log, tracing)
  const capabilities = createCapabilities(core, host, () => presence.beat())
  const { sessions, jobs, environments, files, sandboxes, webhooks, alerts, comparisons } = capabilities
  const presence = createPresence(core, capabilities.state)
  const lookedAt = async () => {
    sandboxes.pool.keepReady(installed.images())
    environments.start()
    await presence.beat()
  }
  const runtimes = createRuntimes(core, host, lookedAt)
  const endpoint = createMetricsEndpoint(config.metrics, host.metrics, log)
  const takers = [runtimes, sessions, jobs, environments]
  const parts = [...takers, files, endpoint, sandboxes, presence, webhooks, alerts, core]
  // Jobs that end in good order may need packages until then.
  const close = closeOnce(
    () => environments.pause(),
    // Before the jobs: while these end, which may take long, no comparison is begun any more.
    () => comparisons.close(),
    ...parts.map((part) => part.close),
  )
  try {
    await lookedAt()
    await runtimes.start()
    await jobs.start(() => sandboxes.isEngineUp)
    await sessions.start(() => sandboxes.isEngineUp)
    comparisons.start()
    await endpoint.start()
  } catch (error) {
    await close()
    throw error
  }
  log.info({ worker: id, slots: config.worker.slots, runtimes: installed.runtimes }, 'worker ready')
  return { id, metricsUrl: endpoint.url, close }
}

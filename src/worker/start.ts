import { join } from 'node:path'
import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import { closeOnce } from '../shared/close-once.ts'
import { type Config, ConfigError } from '../shared/config/config.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { createAlerts } from './alerts/alerts.ts'
import { connectCore } from './core.ts'
import { createEnvironments } from './environments/environments.ts'
import { createTreeStore } from './environments/tree-store.ts'
import { createJobFiles } from './files/job-files.ts'
import { createJobConsumer } from './jobs/job-consumer.ts'
import { prewarmPrograms } from './jobs/plan.ts'
import { createMetricsEndpoint } from './metrics/metrics-endpoint.ts'
import { createWorkerMetrics } from './metrics/worker-metrics.ts'
import { createPresence } from './presence.ts'
import { findRuntimes } from './runtimes/installed-runtimes.ts'
import { createRuntimes } from './runtimes/runtimes.ts'
import { createEngine } from './sandbox/engine.ts'
import { partsOf } from './sandbox/sandbox-image.ts'
import { createProvenMaker } from './sandbox/sandbox-maker.ts'
import { createSandboxes } from './sandbox/sandboxes.ts'
import { waitingMemory } from './sandbox/waiting-memory.ts'
import { createSessions } from './sessions/sessions.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

export interface RunningWorker {
  id: string
  /** Where its metrics are served, if they are. */
  metricsUrl: string | undefined
  /** Ends running jobs in good order, within the drain time, and removes every sandbox. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a worker: proves that limits hold here, fills the pool, then takes jobs.
 * @param root folder with `languages/` and `sandbox/`
 * @param tracing its own; the caller closes it
 * @throws ConfigError when Redis or podman is not configured, LimitsNotEnforced when this host cannot keep limits, Error when no
 * language is installed or podman does not answer; nothing is left running then
 */
export async function startWorker(
  config: Config,
  root: string,
  log: Logger,
  tracing?: Tracing,
): Promise<RunningWorker> {
  const { podmanSocket, containerImages } = config.sandbox
  if (!config.redis) throw new ConfigError('REDIS_URL is not set; a worker needs one')
  if (podmanSocket === undefined) throw new ConfigError('PODMAN_SOCKET is not set; a worker needs one')
  const id = uuid()
  const engine = createEngine(podmanSocket, config.timeoutFactor)
  const installed = await findRuntimes(engine, root, containerImages, log)
  const metrics = createWorkerMetrics({
    ofNode: config.metrics.workerPort !== undefined,
    slots: config.worker.slots,
    runtimes: [...installed.defined, 'container'],
    busySlots: () => jobs.running,
    sandboxes: () => pool.counts(),
    sessions: () => sessions.counts,
    isEngineUp: () => sandboxes.isEngineUp,
    redis: () => core.redis,
  })
  const prewarm = prewarmPrograms(config, installed.languageOf)
  const images = { all: installed.images, prewarm }
  const trees = createTreeStore({
    folder: join(config.dataDir, 'environments'),
    bounds: config.packages,
    maxBytes: config.packages.hostMaxBytes,
    minFreeBytes: config.files.minFreeBytes,
    evicted: (key) => pool.discardIdle((image) => partsOf(image).environment === key),
    log,
  })
  const maker = await createProvenMaker({ config, worker: id, engine, images, trees, observer: metrics, log })

  const core = connectCore(id, config, log, tracing)
  const alerts = createAlerts(core)
  const webhooks = createWebhooks(core, { alert: alerts.endpointFails, attempted: metrics.webhookAttempted })
  const engineChanged = async (isUp: boolean) => {
    const takers = [jobs, sessions, environments]
    await Promise.all(takers.map((taker) => (isUp ? taker.resume() : taker.pause())))
    await presence.beat()
  }
  const waitingBytes = waitingMemory(join(root, 'languages'), installed.languageOf, prewarm)
  const sandboxes = createSandboxes(core, {
    engine,
    maker,
    observer: metrics.pool,
    waitingBytes,
    holdEnvironment: (key) => trees.hold(key),
    engineChanged,
  })
  const { pool } = sandboxes
  const runs = { pool, locate: installed.locate }
  const files = createJobFiles(core)
  const environments = createEnvironments(core, {
    trees,
    installerOf: installed.installerOf,
    nearNames: installed.nearNames,
    languages: () => installed.runtimes.packages ?? [],
    makeSandbox: (image, memoryBytes, wayOut) => maker.make(image, memoryBytes, wayOut),
    observer: metrics.environments,
  })
  const { enqueue: enqueueWebhook } = webhooks
  const jobs = createJobConsumer(core, { sandboxes: runs, files, environments, enqueueWebhook, metrics })
  const sessions = createSessions(core, {
    pool,
    locate: installed.locateSession,
    environments,
    files,
    enqueueWebhook,
    observer: metrics.sessions,
  })
  const presence = createPresence(core, () => ({
    sessions: sessions.load,
    engine: sandboxes.isEngineUp ? 'up' : 'down',
    runtimes: installed.runtimes,
    load: { jobs: jobs.running, pool: pool.counts() },
  }))
  const lookedAt = async () => {
    pool.keepReady(installed.images())
    environments.start()
    await presence.beat()
  }
  const runtimes = createRuntimes(core, { root, podmanSocket, installed }, lookedAt)
  const endpoint = createMetricsEndpoint(config.metrics, metrics, log)
  const parts = [runtimes, sessions, jobs, environments, files, endpoint, sandboxes, presence, webhooks, alerts, core]
  // Jobs that end in good order may need packages until then.
  const close = closeOnce(() => environments.pause(), ...parts.map((part) => part.close))
  try {
    await lookedAt()
    await runtimes.start()
    await jobs.start(() => sandboxes.isEngineUp)
    await sessions.start(() => sandboxes.isEngineUp)
    await endpoint.start()
  } catch (error) {
    await close()
    throw error
  }
  log.info({ worker: id, slots: config.worker.slots, runtimes: installed.runtimes }, 'worker ready')
  return { id, metricsUrl: endpoint.url, close }
}

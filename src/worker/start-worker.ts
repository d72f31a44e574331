import { availableParallelism, freemem, hostname, loadavg, totalmem } from 'node:os'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import { closeOnce } from '../shared/close-once.ts'
import { type Config, ConfigError } from '../shared/config/config.ts'
import { loadLanguages } from '../shared/language.ts'
import { effectiveLimits, MIB, SECOND } from '../shared/limits.ts'
import { type MetricsServer, startMetricsServer } from '../shared/metrics/metrics-server.ts'
import { createArtifactStore } from '../shared/redis/artifact-store.ts'
import { connectRedis } from '../shared/redis/connect.ts'
import { createFiguresWriter } from '../shared/redis/figures.ts'
import { createJobLifeCycle, RENEW_MS } from '../shared/jobs/job-life-cycle.ts'
import { createJobReader } from '../shared/jobs/job-reader.ts'
import { createAlertQueue } from '../shared/redis/alert-queue.ts'
import { changePriorities, createJobQueue, promoteJobs } from '../shared/redis/job-queue.ts'
import { createJobInputs } from '../shared/redis/job-input.ts'
import { createWebhookQueue } from '../shared/redis/webhook-queue.ts'
import { createInstallations } from '../shared/redis/installations.ts'
import { createKeys } from '../shared/redis/keys.ts'
import { createWakeUps } from '../shared/redis/wake-ups.ts'
import { createWorkerRegistry, HEARTBEAT_MS } from '../shared/redis/worker-registry.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { makeSocketFolder } from '../shared/socket-folder.ts'
import { createSecurityEvents } from '../shared/security/security-events.ts'
import { deliverAlerts } from './alerts/deliver-alerts.ts'
import { createInstallOnRequest } from './installing/install-on-request.ts'
import { createInstalledRuntimes } from './installed-runtimes.ts'
import { planAhead } from './jobs/plan.ts'
import { type JobContext, processJob, storeLostJob } from './jobs/process-job.ts'
import { observeTogether } from './jobs/job-observer.ts'
import { createLiveInput } from './jobs/live-input.ts'
import { createRunningJobs, type RunningJobs } from './jobs/running-jobs.ts'
import { createQueueWorker, type QueueWorker } from './queue-worker.ts'
import { containerOptionsOf } from './sandbox/container-options.ts'
import { createEngineHealth } from './sandbox/engine-health.ts'
import { createEngine } from './sandbox/engine.ts'
import { sandboxLaunch } from './sandbox/sandbox-launch.ts'
import { createPodmanSandbox, shortId } from './sandbox/podman-sandbox.ts'
import { createSandboxPool } from './sandbox/pool.ts'
import { countEvents } from './metrics/count-events.ts'
import { createWorkerMetrics } from './metrics/worker-metrics.ts'
import { jobSpans, traceJobs } from './tracing/trace-jobs.ts'
import { reconcile } from './reconcile.ts'
import { proveLimits } from './self-check.ts'
import { keepProof } from './keep-proof.ts'
import { quietKernelLog } from './kernel-log.ts'
import { startTimer } from './timer.ts'
import { sweepOrphans, sweepOwn } from './sweep.ts'
import { deliverWebhooks } from './webhooks/deliver-webhooks.ts'

export interface RunningWorker {
  id: string
  /** Where its metrics are served, if they are. */
  metricsUrl: string | undefined
  /** Ends running jobs in good order, within the drain time, and removes every sandbox. Idempotent. */
  close(): Promise<void>
}

const REFRESH_MS = 10_000
const SWEEP_MS = 30_000
/** How far behind the dashboard's figures may be. */
const FLUSH_MS = SECOND
/** Small, so that the memory probe is over soon. */
const PROBE_MEMORY_BYTES = 64 * MIB

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
  if (!config.redis) throw new ConfigError('REDIS_URL is not set; a worker needs one')
  const { namespace, limits, sandbox: settings } = config
  const { podmanSocket } = settings
  if (podmanSocket === undefined) throw new ConfigError('PODMAN_SOCKET is not set; a worker needs one')
  const id = uuid()
  const keys = createKeys(namespace)
  const engine = createEngine(podmanSocket, config.timeoutFactor)
  const languages = loadLanguages(`${root}/languages`)
  const installed = createInstalledRuntimes(engine, root, languages, settings.containerImages)
  await installed.refresh()
  const [firstImage] = installed.images()
  if (firstImage === undefined) {
    throw new Error('no language is installed for this version of Runyard; npx runyard languages install python')
  }

  const armed = (image: string) => {
    const language = settings.armed ? installed.languageOf(image) : undefined
    if (!language) return undefined
    return planAhead(language, effectiveLimits({}, language.limits, limits.defaults, limits.ceilings), settings.graceMs)
  }
  const { host, workerPort } = config.metrics
  const metrics = createWorkerMetrics({
    ofNode: workerPort !== undefined,
    slots: config.worker.slots,
    runtimes: [...languages.map((language) => language.id), 'container'],
    busySlots: () => running.count,
    sandboxes: () => pool.counts(),
    isEngineUp: () => health.up,
    redis: () => redis,
  })
  const sandboxes = new Set<string>()
  const own = (container: string) => sandboxes.has(shortId(container))
  const folder = () => makeSocketFolder(config.dataDir)
  const launch = sandboxLaunch(engine, settings.sockets ? folder : undefined, log)
  const optionsOf = containerOptionsOf(config, id)
  const makeSandbox = async (image: string, memoryBytes: number) => {
    const begun = performance.now()
    const options = optionsOf(image, memoryBytes)
    const making = createPodmanSandbox(engine, launch, options, log, armed(image), metrics.sandboxFault)
    const sandbox = await making.catch((error: unknown) => {
      metrics.sandboxNotStarted()
      throw error
    })
    metrics.sandboxStarted(performance.now() - begun)
    sandboxes.add(sandbox.id)
    void sandbox.gone.then(() => sandboxes.delete(sandbox.id))
    return sandbox
  }
  if (!settings.keepFaultLog) await quietKernelLog(log)
  const prove = () => proveLimits(() => makeSandbox(firstImage, PROBE_MEMORY_BYTES), log, config.timeoutFactor)
  await keepProof(config.dataDir, { engine: await engine.identity(), image: firstImage, limits, settings }, prove, log)

  const redis = connectRedis(config.redis, 'wait', 'runyard-worker', log)
  const lifeCycle = countEvents(createJobLifeCycle(redis, keys, config), metrics.published)
  const records = { ...lifeCycle, ...createJobReader(redis, keys) }
  const registry = createWorkerRegistry(redis, keys)
  const jobs = createJobQueue(redis, keys)
  const release = (ids: readonly string[]) => promoteJobs(jobs, ids, log)
  const webhookQueue = createWebhookQueue(redis, keys, tracing)
  // What is not queued now is found overdue.
  const announce = (deliveryId: string) =>
    webhookQueue.enqueue(deliveryId).catch((err: unknown) => log.warn({ err, deliveryId }, 'webhook was not queued'))
  const health = createEngineHealth({
    engine,
    create: makeSandbox,
    trial: async () => (await makeSandbox(installed.images()[0] ?? firstImage, limits.defaults.memoryBytes)).destroy(),
    changed: (up) =>
      void engineChanged(up).catch((err: unknown) => log.error({ err }, 'change of the engine not told')),
    log,
  })
  const pool = createSandboxPool({
    create: (image, memoryBytes) => health.create(image, memoryBytes),
    reuse: settings.reuse,
    standardMemoryBytes: limits.defaults.memoryBytes,
    ready: settings.poolReady,
    slots: config.worker.slots,
    maxJobs: settings.maxJobs,
    maxAgeMs: settings.maxAgeMs,
    observer: metrics.pool,
    log,
  })
  pool.keepReady(installed.images())

  const info = {
    id,
    host: hostname(),
    pid: process.pid,
    startedAt: new Date().toISOString(),
    slots: config.worker.slots,
  }
  let queue: QueueWorker | undefined
  const running = createRunningJobs(records)
  const beat = () => {
    const { ready, bound, lent, making } = pool.counts()
    return registry.heartbeat({
      ...info,
      engine: health.up ? 'up' : 'down',
      runtimes: installed.runtimes,
      heartbeatAt: new Date().toISOString(),
      installsOnRequest: config.worker.installOnRequest,
      load: { ...machineLoad(), jobs: running.count, pool: { ready, bound, lent, making } },
    })
  }
  const engineChanged = async (up: boolean) => {
    await (up ? queue?.resume() : queue?.pause())
    await beat()
  }
  await beat()
  const suspects = new Set<string>()
  const figures = createFiguresWriter(redis, keys)
  const subscriber = connectRedis(config.redis, 'wait', 'runyard-worker-events', log)
  subscriber.on('message', (channel: string, jobId: string) => {
    if (channel === keys.cancellations) running.cancel(jobId)
    else if (channel === keys.installations) installing?.look(jobId)
  })
  const refresh = async () => {
    await installed.refresh()
    pool.keepReady(installed.images())
    await beat()
  }
  const installing = config.worker.installOnRequest
    ? createInstallOnRequest({
        installations: createInstallations(redis, keys),
        host: info.host,
        languages: new Set(languages.map((language) => language.id)),
        root,
        env: { ...process.env, PODMAN_SOCKET: podmanSocket, RUNYARD_DATA_DIR: config.dataDir },
        installed: refresh,
        log,
      })
    : undefined
  await subscriber.subscribe(keys.cancellations, keys.installations)
  const timers = [
    startTimer('heartbeat', HEARTBEAT_MS, beat, log),
    startTimer(
      'refresh of runtimes',
      REFRESH_MS,
      async () => {
        await refresh()
        await installing?.lookAtAll()
      },
      log,
    ),
    startTimer('flush of figures', FLUSH_MS, figures.flush, log),
    startTimer('renewal of leases', RENEW_MS, running.renew, log),
    startTimer(
      'reconciliation',
      SWEEP_MS,
      () =>
        reconcile({ redis, records, queue: jobs, release, announce, lost: metrics.lost, count: figures.ended, log }),
      log,
    ),
    startTimer('sweep', SWEEP_MS, () => sweepOrphans(engine, registry, namespace, id, own, suspects, log), log),
  ]
  const events = createSecurityEvents(redis, keys, config.abuse, log)
  const alerts = config.abuse.alerts ? deliverAlerts(redis, keys, config.abuse.alerts, log) : undefined
  const alertQueue = config.abuse.alerts ? createAlertQueue(redis, keys) : undefined
  const webhooks = deliverWebhooks({
    redis,
    keys,
    queue: webhookQueue,
    settings: config.webhooks,
    alert: (failing) => {
      const body = {
        type: 'webhook.endpoint-failing',
        timestamp: new Date().toISOString(),
        data: { ...failing },
      } as const
      alertQueue
        ?.add({ id: uuid(), body }, `${failing.tenant} ${failing.origin}`)
        .catch((err: unknown) => log.error({ err }, 'alert not queued'))
    },
    attempted: metrics.webhookAttempted,
    tracing,
    log,
  })
  const context: JobContext = {
    records,
    artifacts: createArtifactStore(redis, keys, config),
    pool,
    locate: installed.locate,
    graceMs: settings.graceMs,
    reorder: (changes) => changePriorities(jobs, changes),
    release,
    announce,
    report: (event) => void events.record(event),
    count: figures.ended,
    running,
    input: createLiveInput({ inputs: createJobInputs(redis, keys), wakeUps: createWakeUps(subscriber), keys, log }),
    observer: observeTogether([metrics.jobs, ...(tracing ? [jobSpans(tracing)] : [])]),
    log,
  }
  const taken = createQueueWorker(
    redis,
    keys,
    config.worker.slots,
    traceJobs(tracing, (spec, turn) => processJob(context, spec, turn)),
    (spec) => storeLostJob({ ...context, lost: metrics.lost }, spec),
    log,
  )
  queue = taken
  if (!health.up) await queue.pause()
  let metricsServer: MetricsServer | undefined
  const close = closeOnce(
    () => installing?.close(),
    () => drain(taken, running, redis, config.worker.drainTimeoutMs, log),
    () => metricsServer?.close(),
    () => timers.forEach((timer) => timer.stop()),
    () => (redis.status === 'ready' ? figures.flush() : undefined),
    () => health.stop(),
    () => pool.close(),
    () => sweepOwn(engine, id),
    () => (redis.status === 'ready' ? registry.leave(id) : undefined),
    () => (redis.status === 'ready' ? webhooks.close() : undefined),
    () => webhookQueue.close(),
    () => alerts?.close(),
    () => alertQueue?.close(),
    () => events.close(),
    () => jobs.close(),
    () => subscriber.disconnect(),
    () => redis.disconnect(),
  )
  try {
    if (workerPort !== undefined) metricsServer = await startMetricsServer({ host, port: workerPort }, metrics, log)
  } catch (error) {
    await close()
    throw error
  }
  log.info({ worker: id, slots: config.worker.slots, runtimes: installed.runtimes }, 'worker ready')
  return { id, metricsUrl: metricsServer?.url, close }
}

const machineLoad = () => ({
  cpus: availableParallelism(),
  load1: loadavg()[0] ?? 0,
  memoryBytes: totalmem(),
  freeMemoryBytes: freemem(),
})

/** What jobs that are told to end have until they are back in the queue. */
const PUT_BACK_MS = 5 * SECOND

/**
 * Waits for the running jobs. Those that take too long are ended and go back to the queue, for another worker. Should even that
 * not be done in time, the connection is cut: a job whose sandbox goes away now must not be stored as failed.
 */
async function drain(
  queue: QueueWorker,
  running: RunningJobs,
  redis: Redis,
  timeoutMs: number,
  log: Logger,
): Promise<void> {
  const drained = queue.drain()
  if (await within(drained, timeoutMs)) return
  log.warn({ timeoutMs }, 'running jobs did not end in time; they go back to the queue')
  running.drain()
  if (await within(drained, PUT_BACK_MS)) return
  log.error('jobs could not be put back; they run again once they count as lost')
  redis.disconnect()
}

/** Whether it settles in time. @throws what it rejects with */
async function within(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)))
  return Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer))
}

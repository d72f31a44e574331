import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { createAdminSessions } from '../shared/access/admin-sessions.ts'
import { createApiKeys } from '../shared/access/api-keys.ts'
import { closeOnce } from '../shared/close-once.ts'
import { type Config, ConfigError } from '../shared/config/config.ts'
import { loadLanguages } from '../shared/language.ts'
import { MIB, SECOND } from '../shared/limits.ts'
import { startMetricsServer, type MetricsServer } from '../shared/metrics/metrics-server.ts'
import { Problem, queueUnavailable } from '../shared/problems.ts'
import { createArtifactStore } from '../shared/redis/artifact-store.ts'
import { connectRedis } from '../shared/redis/connect.ts'
import { readBatchRecord } from '../shared/redis/batch-record.ts'
import { createFiguresReader, createFiguresWriter } from '../shared/redis/figures.ts'
import { createInstallations } from '../shared/redis/installations.ts'
import { createJobList } from '../shared/redis/job-list.ts'
import { createJobQueue, promoteJobs } from '../shared/redis/job-queue.ts'
import { createJobAdmission } from '../shared/jobs/job-admission.ts'
import { createJobLifeCycle } from '../shared/jobs/job-life-cycle.ts'
import { createJobReader } from '../shared/jobs/job-reader.ts'
import { createJobInputs } from '../shared/redis/job-input.ts'
import { createWebhookQueue } from '../shared/redis/webhook-queue.ts'
import { createDeliveries } from '../shared/webhooks/deliveries.ts'
import { createWebhookSecrets } from '../shared/webhooks/webhook-secrets.ts'
import { createKeys } from '../shared/redis/keys.ts'
import { createWakeUps } from '../shared/redis/wake-ups.ts'
import { createWorkerRegistry, type Overview } from '../shared/redis/worker-registry.ts'
import { createBlocks } from '../shared/security/blocks.ts'
import { createSecurityEvents } from '../shared/security/security-events.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { createRevocations } from './access/revocations.ts'
import { createApp } from './app.ts'
import { createByteGate } from './byte-gate.ts'
import { createEventFeed } from './events/event-feed.ts'
import { createLiveEvents } from './events/live-events.ts'
import { createReplies } from './events/replies.ts'
import { createGatewayServer } from './http/gateway-server.ts'
import { createOpenResponses } from './http/open-responses.ts'
import { createUpgrades } from './io/upgrades.ts'
import { createIntake } from './intake/intake.ts'
import { loadPages } from './pages/load-pages.ts'
import { readQueueStanding } from './load/queue-standing.ts'
import { checkWorkers, knownRuntimes } from './load/check-workers.ts'
import { createCancel } from './cancellation.ts'
import { createGatewayMetrics } from './metrics/gateway-metrics.ts'
import { readQueueView, readRedisView } from './overview.ts'
import { loadRules } from './screening/load-rules.ts'
import { createScreening } from './screening/screening.ts'
import { createRateLimiter } from './rate-limit/rate-limiter.ts'
import { loadQueueBoard } from './queue-board/load-queue-board.ts'
import { createJobSubmission, readEnded } from './job-submission.ts'
import { createReplicas, noReplicas } from './replicas.ts'
import { cacheFor } from './cache-for.ts'

export interface RunningApi {
  /** e.g. `http://127.0.0.1:3000`; tells the port when it was asked for as 0. */
  url: string
  /** Where metrics are served, when they have a port of their own. */
  metricsUrl: string | undefined
  /** Ends what is held open, lets running requests answer, and closes. Idempotent. */
  close(): Promise<void>
}

const PING_TIMEOUT_MS = SECOND
/** How old the gateway's idea of the workers may be. */
const OVERVIEW_AGE = { freshMs: SECOND / 4, staleMs: SECOND / 2 }
const FIRST_CONNECTION_MS = 5 * SECOND
const CLOSE_TIMEOUT_MS = 10 * SECOND
/** Output on its way to clients at one time; as JSON, and while that is made, it is a few times as much. */
const SENDING_BYTES = 32 * MIB

/**
 * Starts a gateway.
 * @param root folder with `languages/`, and `dist/pages/` if there are to be pages
 * @throws ConfigError when Redis is not configured; Error when the address cannot be listened on
 */
export async function startApi(config: Config, root: string, log: Logger, tracing?: Tracing): Promise<RunningApi> {
  if (!config.redis) throw new ConfigError('REDIS_URL is not set; the gateway needs one')
  const keys = createKeys(config.namespace)
  const languages = loadLanguages(`${root}/languages`)
  const pages = loadPages(`${root}/dist/pages`)
  if (!pages) log.warn('the pages were not built: npm run build')
  const redis = connectRedis(config.redis, 'fail-fast', 'runyard-api', log)
  const subscriber = connectRedis(config.redis, 'wait', 'runyard-api-events', log)
  const queue = createJobQueue(redis, keys, tracing)
  const webhookQueue = createWebhookQueue(redis, keys, tracing)
  // What may be long: nothing else waits behind it.
  const bulk = connectRedis(config.redis, 'fail-fast', 'runyard-api-output', log)
  const confirming =
    config.redisReplicas > 0 ? connectRedis(config.redis, 'fail-fast', 'runyard-api-replicas', log) : undefined
  const shownQueues = [createJobQueue(bulk, keys), createWebhookQueue(bulk, keys)] as const
  const records = createJobReader(redis, keys, bulk)
  const registry = createWorkerRegistry(redis, keys)
  const live = createLiveEvents(subscriber, keys)
  const closing = new AbortController()
  const upgrades = createUpgrades()
  const overview = cacheFor<Overview>(OVERVIEW_AGE, () => registry.overview())

  const readBatch = (id: string) => readBatchRecord(redis, keys, id)
  const apiKeys = createApiKeys(redis, keys)
  const events = createSecurityEvents(redis, keys, config.abuse, log)
  const figures = createFiguresWriter(redis, keys)
  const metrics = createGatewayMetrics({
    ofNode: true,
    redis,
    keys,
    config,
    overview,
    securityCounts: events.counts,
    queueCounts: { jobs: () => queue.getJobCounts(), webhooks: webhookQueue.counts },
  })

  const app = createApp(
    {
      config,
      languages,
      overview,
      records,
      artifacts: createArtifactStore(bulk, keys, config),
      sending: createByteGate(SENDING_BYTES),
      submission: createJobSubmission({
        queue,
        admission: createJobAdmission(redis, keys),
        records,
        readBatch,
        live,
        replies: createReplies(subscriber, keys, (id) => readEnded(records, id)),
        bounds: config.load,
        replicas: confirming ? createReplicas(confirming, keys.mark, config.redisReplicas) : noReplicas,
        checkWorkers: async (jobs) => {
          try {
            checkWorkers(await overview())
          } catch (error) {
            if (error instanceof Problem) metrics.refused('engine', jobs)
            throw error
          }
        },
        log,
        metrics,
      }),
      cancel: createCancel(
        queue,
        createJobLifeCycle(redis, keys, config),
        (ids) => promoteJobs(queue, ids, log),
        // What is not queued now is found overdue.
        (id) =>
          webhookQueue.enqueue(id).catch((err: unknown) => log.warn({ err, deliveryId: id }, 'webhook was not queued')),
        metrics.finished,
        (job, delayMs) => {
          figures.ended(job, delayMs)
          figures.flush().catch((err: unknown) => log.warn({ err }, 'figures were not stored'))
        },
      ),
      readBatch,
      jobList: createJobList(redis, keys, records),
      intake: createIntake({
        config,
        languages,
        runtimes: async () => knownRuntimes(await overview()),
        screening: createScreening(loadRules(root, config.screening.rulesFile)),
        blocked: (event) => {
          metrics.submitted('blocked')
          void events.record(event)
        },
        screened: metrics.screened,
      }),
      webhooks: {
        queue: webhookQueue,
        secrets: createWebhookSecrets(redis, keys),
        reach: config.webhooks,
        deliveries: createDeliveries(redis, keys, config.webhooks.deliveriesKeptSeconds),
      },
      queueBoard: loadQueueBoard({ basePath: '/admin/queues', jobs: shownQueues[0], webhooks: shownQueues[1].queue }),
      installations: createInstallations(redis, keys),
      figures: {
        readQueue: () => readQueueView(redis, keys),
        readRedis: () => readRedisView(redis),
        readFigures: createFiguresReader(redis, keys),
      },
      queueStanding: () => readQueueStanding(redis, keys, config.load),
      access: {
        apiKeys,
        revocations: createRevocations(subscriber, keys, apiKeys),
        sessions: createAdminSessions(redis, keys, config.adminSessions),
        limiter: createRateLimiter({
          redis,
          keys,
          rates: config.rates,
          endUserPercent: config.endUserRatePercent,
          counters: metrics,
        }),
      },
      events,
      blocks: createBlocks(redis, keys, events.record),
      metrics,
      pages,
      tracing,
      feed: createEventFeed(redis, live, keys),
      io: {
        upgrades,
        inputs: createJobInputs(redis, keys),
        wakeUps: createWakeUps(subscriber),
        channelOf: (id) => keys.input(id),
      },
      pingRedis: async () => {
        const late = sleep(PING_TIMEOUT_MS, 'late', { ref: false })
        if ((await Promise.race([redis.ping(), late])) === 'late') throw queueUnavailable()
      },
      open: createOpenResponses(closing.signal, config.load.tenantMaxOpenStreams),
      closing: closing.signal,
    },
    redis,
    log,
  )
  const gatewayServer = createGatewayServer(app, config.http.keepAliveSeconds * SECOND, log)
  const { server } = gatewayServer
  upgrades.serve(server, app)
  let metricsServer: MetricsServer | undefined
  const close = closeOnce(
    () => closing.abort(),
    () => gatewayServer.close(CLOSE_TIMEOUT_MS, () => upgrades.destroyAll()),
    () => metricsServer?.close(),
    () => queue.close(),
    ...shownQueues.map((shown) => () => shown.close()),
    () => webhookQueue.close(),
    () => events.close(),
    () => redis.disconnect(),
    () => bulk.disconnect(),
    () => confirming?.disconnect(),
    () => subscriber.disconnect(),
  )
  try {
    await Promise.all([redis, bulk, subscriber, ...(confirming ? [confirming] : [])].map(firstConnection))
    const { host, port } = config.metrics
    if (port !== undefined) metricsServer = await startMetricsServer({ host, port }, metrics, log)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(config.http.port, config.http.host, resolve)
    })
  } catch (error) {
    await close()
    throw error
  }
  const { port } = server.address() as AddressInfo
  const host = config.http.host.includes(':') ? `[${config.http.host}]` : config.http.host
  const url = `http://${host}:${port}`
  log.info({ url }, 'gateway ready')
  return { url, metricsUrl: metricsServer?.url, close }
}

/**
 * Resolves when the connection stands, or after a while without it: a gateway that starts before its Redis serves 503 until
 * it is there.
 */
async function firstConnection(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  await once(redis, 'ready', { signal: AbortSignal.timeout(FIRST_CONNECTION_MS) }).catch(() => undefined)
}

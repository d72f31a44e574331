import type { Logger } from 'pino'
import { closeOnce } from '../shared/close-once.ts'
import type { Config } from '../shared/config/config.ts'
import { loadLanguages } from '../shared/language.ts'
import { SECOND } from '../shared/limits.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { createAccessFeature } from './access/access-feature.ts'
import { createAdminFeature } from './admin/admin-feature.ts'
import { createApp } from './app.ts'
import { createBatchesFeature } from './batches/batches-feature.ts'
import { createCore } from './core.ts'
import { createDocumentationFeature } from './documentation/documentation-feature.ts'
import { createEventFeed } from './events/event-feed.ts'
import { createLiveEvents } from './events/live-events.ts'
import { createHealthFeature } from './health/health-feature.ts'
import { createGatewayServer } from './http/gateway-server.ts'
import { createOpenResponses } from './http/open-responses.ts'
import { createUpgrades } from './http/upgrades.ts'
import { createJobsFeature, type JobsFeature } from './jobs/jobs-feature.ts'
import { createOverview } from './load/overview.ts'
import { createMetricsFeature } from './metrics/metrics-feature.ts'
import { createPagesFeature } from './pages/pages-feature.ts'
import { createRateLimitFeature } from './rate-limit/rate-limit-feature.ts'
import { createRuntimesFeature } from './runtimes/runtimes-feature.ts'
import { createSecurityFeature } from './security/security-feature.ts'
import { createWebhooksFeature } from './webhooks/webhooks-feature.ts'

export interface RunningApi {
  /** e.g. `http://127.0.0.1:3000`; tells the port when it was asked for as 0. */
  url: string
  /** Where metrics are served, when they have a port of their own. */
  metricsUrl: string | undefined
  /** Ends what is held open, lets running requests answer, and closes. Idempotent. */
  close(): Promise<void>
}

const CLOSE_TIMEOUT_MS = 10 * SECOND

/**
 * Starts a gateway: what every feature is made with, the features with what each needs of others, the app of their routes, the server.
 * @param root folder with `languages/`, and `dist/pages/` if there are to be pages
 * @throws ConfigError when Redis is not configured; Error when the address cannot be listened on
 */
export async function startApi(config: Config, root: string, log: Logger, tracing?: Tracing): Promise<RunningApi> {
  const { core, connected, beginToClose, disconnect } = createCore(config, root, log, tracing)
  const languages = loadLanguages(`${root}/languages`)
  const overview = createOverview(core)
  const open = createOpenResponses(core.closing, config.load.tenantMaxOpenStreams)
  const upgrades = createUpgrades()
  const live = createLiveEvents(core.subscriber, core.keys)
  const feed = createEventFeed(core.redis, live, core.keys)

  const security = createSecurityFeature(core)
  const { record, audit } = security
  const webhooks = createWebhooksFeature(core, { audit })
  const queueCounts = { jobs: (): ReturnType<JobsFeature['counts']> => jobs.counts(), webhooks: webhooks.counts }
  const metering = createMetricsFeature(core, { overview, securityCounts: security.counts, queueCounts })
  const { metrics } = metering
  const { limiter, limit, limitEndUsers, spendRest } = createRateLimitFeature(core, { counters: metrics, record })
  const access = createAccessFeature(core, { limiter, record, audit })
  const enqueueWebhook = webhooks.enqueue
  const jobs: JobsFeature = createJobsFeature(core, { languages, overview, events: { live, feed }, metrics, record, audit, limitEndUsers, open, upgrades, enqueueWebhook }) // prettier-ignore
  const batches = createBatchesFeature(core, { ...jobs, limitEndUsers, spendRest, open })
  const runtimes = createRuntimesFeature(core, { languages, overview, feed, open, audit })
  const admin = createAdminFeature(core, { overview })
  const health = createHealthFeature(core, { overview })
  const documentation = createDocumentationFeature(core, {
    describe: async (version) => (await import('./document.ts')).createDocument(version),
  })
  const features = [jobs, batches, runtimes, webhooks, admin, access, security, health, metering, documentation]

  const app = createApp(core, {
    metrics,
    access,
    limit,
    pages: createPagesFeature(core),
    docs: documentation.pages,
    queueBoard: admin.queueBoard,
    routes: features.flatMap(({ routes }) => routes),
  })
  const server = createGatewayServer(app, config.http.keepAliveSeconds * SECOND, log)
  upgrades.serve(server.server, app)
  const close = closeOnce(
    beginToClose,
    () => server.close(CLOSE_TIMEOUT_MS, () => upgrades.destroyAll()),
    ...[metering, jobs, admin, webhooks, security].map((feature) => () => feature.close()),
    disconnect,
  )
  try {
    await connected()
    await metering.start()
    const url = await server.listen(config.http)
    log.info({ url }, 'gateway ready')
    return { url, metricsUrl: metering.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

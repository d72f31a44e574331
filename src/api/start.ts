import type { Logger } from 'pino'
import type { Config } from '../shared/config/config.ts'
import { createProblemJobs } from '../shared/judging/problem-jobs.ts'
import { createProblemStore } from '../shared/judging/problem-store.ts'
import { loadLanguages } from '../shared/language.ts'
import { loadGroups, loadSizes } from '../shared/language-groups.ts'
import { ownVersion } from '../shared/package-root.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { createAccessFeature } from './access/access-feature.ts'
import { createAdminFeature } from './admin/admin-feature.ts'
import { createApp } from './app.ts'
import { createBatchesFeature } from './batches/batches-feature.ts'
import { createCompatFeature } from './compat/compat-feature.ts'
import { createCore } from './core.ts'
import { createDocumentationFeature } from './documentation/documentation-feature.ts'
import { createEnvironmentsFeature } from './environments/environments-feature.ts'
import { createEvents } from './events/events.ts'
import { createFilesFeature } from './files/files-feature.ts'
import { createHealthFeature } from './health/health-feature.ts'
import { createOpenResponses } from './http/open-responses.ts'
import { createUpgrades } from './http/upgrades.ts'
import { createJobsFeature, type JobsFeature } from './jobs/jobs-feature.ts'
import { createOverview } from './load/overview.ts'
import { createMcpFeature } from './mcp/mcp-feature.ts'
import { createMetricsFeature } from './metrics/metrics-feature.ts'
import { createPagesFeature } from './pages/pages-feature.ts'
import { createProblemsFeature } from './problems/problems-feature.ts'
import { createRateLimitFeature } from './rate-limit/rate-limit-feature.ts'
import { createRuntimesFeature } from './runtimes/runtimes-feature.ts'
import { createSessionsFeature } from './sessions/sessions-feature.ts'
import { createSecurityFeature } from './security/security-feature.ts'
import { type RunningApi, serve } from './serve.ts'
import { createWebhooksFeature } from './webhooks/webhooks-feature.ts'

/**
 * Starts a gateway: what every feature is made with, the features with what each needs of others, the app of their routes.
 * @param root folder with `languages/`, and `dist/pages/` if there are to be pages
 * @throws ConfigError when Redis is not configured; Error when the address cannot be listened on
 */
export async function startApi(config: Config, root: string, log: Logger, tracing?: Tracing): Promise<RunningApi> {
  const owned = createCore(config, root, log, tracing)
  const { core } = owned
  const languages = loadLanguages(`${root}/languages`)
  const overview = createOverview(core)
  const open = createOpenResponses(core.closing, config.load.tenantMaxOpenStreams)
  const upgrades = createUpgrades()
  const events = createEvents(core)

  const security = createSecurityFeature(core)
  const { record, audit } = security
  const webhooks = createWebhooksFeature(core, { audit })
  const metering = createMetricsFeature(core, {
    overview,
    securityCounts: security.counts,
    queueCounts: { jobs: () => jobs.counts(), webhooks: webhooks.counts },
  })
  const { metrics } = metering
  const rateLimit = createRateLimitFeature(core, { counters: metrics, record })
  const { limitEndUsers, spendRest } = rateLimit
  const access = createAccessFeature(core, { limiter: rateLimit.limiter, record, audit })
  const problems = createProblemStore(core.bulk, core.keys)
  const problemJobs = createProblemJobs(core.redis, core.keys)
  const files = createFilesFeature(core, { open, audit, stored: metrics.fileStored })
  const environments = createEnvironmentsFeature(core)
  const jobs: JobsFeature = createJobsFeature(core, {
    environments: environments.requests,
    languages,
    problems,
    noteSubmissions: (specs) => problemJobs.add(specs),
    overview,
    events,
    metrics,
    record,
    audit,
    limitEndUsers,
    open,
    upgrades,
    files,
    enqueueWebhook: webhooks.enqueue,
  })
  const { records, requests, submission, cancel, screen } = jobs
  const batches = createBatchesFeature(core, { records, requests, submission, cancel, limitEndUsers, spendRest, open })
  const judging = createProblemsFeature(core, {
    problems,
    problemJobs,
    languages,
    records,
    requests,
    submission,
    spendRest,
  })
  const sessions = createSessionsFeature(core, { languages, overview, events, open, limitEndUsers, screen, audit })
  const runtimes = createRuntimesFeature(core, {
    languages,
    groups: loadGroups(`${root}/languages`, languages),
    sizes: loadSizes(`${root}/languages`),
    canInstall: (language, known) => environments.requests.canInstall(language, known),
    overview,
    feed: events.feed,
    open,
    audit,
  })
  const compat = createCompatFeature(core, {
    languages,
    overview,
    jobs,
    feed: events.feed,
    open,
    upgrades,
    spend: (res, tokens) => spendRest({ req: res.req, res }, tokens),
    mayRun: access.allow(['jobs'], '/v1/jobs'),
    sessions: { needs: sessions.needs, mayUse: access.allow(['sessions'], '/v1/sessions') },
    access,
  })
  const mcp = createMcpFeature(core, {
    tools: { config, languages, overview, jobs, sessions: sessions.needs, live: events.live, open },
    spend: (res) => spendRest({ req: res.req, res }, 1),
    metrics,
    allow: access.allow,
    version: ownVersion(),
  })
  const admin = createAdminFeature(core, { overview })
  const health = createHealthFeature(core, { overview })
  const documentation = createDocumentationFeature(core, {
    describe: async (version) => (await import('./document.ts')).createDocument(version),
  })

  const features = [
    jobs,
    { routes: environments.routes({ languages, overview, open, screen, audit }) },
    batches,
    judging,
    files,
    sessions,
    runtimes,
    webhooks,
    admin,
    access,
    security,
    health,
    metering,
    documentation,
  ]
  const app = createApp(core, {
    metrics,
    access,
    limit: rateLimit.limit,
    pages: createPagesFeature(core),
    docs: documentation.pages,
    compat,
    mcp,
    queueBoard: admin.queueBoard,
    routes: features.flatMap(({ routes }) => routes),
  })
  return serve(owned, app, upgrades, metering, [mcp, sessions, jobs, environments, files, admin, webhooks, security])
}

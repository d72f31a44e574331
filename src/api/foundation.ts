import { createAccessFeature } from './access/access-feature.ts'
import { createAdminFeature } from './admin/admin-feature.ts'
import type { Core } from './core.ts'
import { createDocumentationFeature } from './documentation/documentation-feature.ts'
import { createEvents } from './events/events.ts'
import { createHealthFeature } from './health/health-feature.ts'
import { createOpenResponses } from './http/open-responses.ts'
import { createUpgrades } from './http/upgrades.ts'
import { createOverview } from './load/overview.ts'
import type { GatewayMetricsOptions } from './metrics/gateway-metrics.ts'
import { createMetricsFeature } from './metrics/metrics-feature.ts'
import { createPagesFeature } from './pages/pages-feature.ts'
import { createRateLimitFeature } from './rate-limit/rate-limit-feature.ts'
import { createSecurityFeature } from './security/security-feature.ts'
import { createWebhooksFeature } from './webhooks/webhooks-feature.ts'

export type Foundation = ReturnType<typeof createFoundation>

/**
 * What a gateway has whatever it runs: who the caller is and how often it may ask, what is recorded, counted and told, the dashboard and
 * the documentation.
 * @param jobCounts of the queue of jobs, which is not made yet
 */
export function createFoundation(core: Core, jobCounts: GatewayMetricsOptions['queueCounts']['jobs']) {
  const overview = createOverview(core)
  const security = createSecurityFeature(core)
  const { record, audit } = security
  const webhooks = createWebhooksFeature(core, { audit })
  const metering = createMetricsFeature(core, {
    overview,
    securityCounts: security.counts,
    queueCounts: { jobs: jobCounts, webhooks: webhooks.counts },
  })
  const rateLimit = createRateLimitFeature(core, { counters: metering.metrics, record })
  return {
    overview,
    events: createEvents(core),
    http: {
      open: createOpenResponses(core.closing, core.config.load.tenantMaxOpenStreams),
      upgrades: createUpgrades(),
    },
    security,
    webhooks,
    metering,
    rateLimit,
    access: createAccessFeature(core, { limiter: rateLimit.limiter, foresee: rateLimit.foresee, record, audit }),
    operating: {
      admin: createAdminFeature(core, { overview }),
      health: createHealthFeature(core, { overview }),
      pages: createPagesFeature(core),
      documentation: createDocumentationFeature(core, {
        describe: async (version) => (await import('./document.ts')).createDocument(version),
      }),
    },
  }
}

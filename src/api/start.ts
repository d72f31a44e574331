import type { Logger } from 'pino'
import type { Config } from '../shared/config/config.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'
import { createApp } from './app.ts'
import { createCapabilities } from './capabilities.ts'
import { createCore } from './core.ts'
import { createFoundation } from './foundation.ts'
import { type RunningApi, serve } from './serve.ts'

/**
 * Starts a gateway: what every feature is made with, the features, the app of their routes.
 * @param root folder with `languages/`, and `dist/pages/` if there are to be pages
 * @throws ConfigError when Redis is not configured; Error when the address cannot be listened on
 */
export async function startApi(config: Config, root: string, log: Logger, tracing?: Tracing): Promise<RunningApi> {
  const owned = createCore(config, root, log, tracing)
  const { core } = owned
  const foundation = createFoundation(core, () => capabilities.jobs.counts())
  const { metering, rateLimit, access, security, webhooks } = foundation
  const { admin, health, pages, documentation } = foundation.operating
  const capabilities = createCapabilities(core, foundation)
  const { jobs, packages, batches, judging, files, sessions, runtimes, compat, mcp } = capabilities

  const ofCapabilities = [jobs, packages, batches, judging, files, sessions, runtimes]
  const features = [...ofCapabilities, webhooks, admin, access, security, health, metering, documentation]
  const app = createApp(core, {
    metrics: metering.metrics,
    access,
    limit: rateLimit.limit,
    pages,
    docs: documentation.pages,
    compat,
    mcp,
    queueBoard: admin.queueBoard,
    routes: features.flatMap(({ routes }) => routes),
  })
  return serve(owned, app, foundation.http.upgrades, metering, [
    mcp,
    sessions,
    jobs,
    packages,
    judging,
    files,
    admin,
    webhooks,
    security,
  ])
}

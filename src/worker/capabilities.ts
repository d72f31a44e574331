import { createJobReader } from '../shared/jobs/job-reader.ts'
import { createProblemJobs } from '../shared/judging/problem-jobs.ts'
import { loadLanguages } from '../shared/language.ts'
import { createAlerts } from './alerts/alerts.ts'
import type { WorkerCore } from './core.ts'
import { createEnvironments } from './environments/environments.ts'
import { createJobFiles } from './files/job-files.ts'
import type { Host } from './host.ts'
import { createJobConsumer } from './jobs/job-consumer.ts'
import type { WorkerState } from './presence.ts'
import { createSandboxes } from './sandbox/sandboxes.ts'
import { withGivingWay } from './sessions/give-way.ts'
import { createSessions } from './sessions/sessions.ts'
import { createCompare } from './similarity/compare-submissions.ts'
import { createComparisonQueue } from './similarity/comparison-queue.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

/**
 * What a worker does: jobs, sessions, environments, comparisons of submissions, and what they need. None takes anything before it is started.
 * @param engineChanged podman went or came back: called when those that take work have paused or go on
 */
export function createCapabilities(core: WorkerCore, host: Host, engineChanged: () => Promise<void>) {
  const { installed, metrics, trees, maker } = host
  const alerts = createAlerts(core)
  const webhooks = createWebhooks(core, { alert: alerts.endpointFails, attempted: metrics.webhookAttempted })
  const sandboxes = createSandboxes(core, {
    engine: host.engine,
    maker,
    observer: metrics.pool,
    waitingBytes: host.waitingBytes,
    holdEnvironment: (key) => trees.hold(key),
    async engineChanged(isUp) {
      const takers = [jobs, sessions, environments]
      await Promise.all(takers.map((taker) => (isUp ? taker.resume() : taker.pause())))
      await engineChanged()
    },
  })
  const { pool } = sandboxes
  const files = createJobFiles(core)
  const environments = createEnvironments(core, {
    trees: withGivingWay(trees, (key) => sessions.giveUpPackages(key)),
    installerOf: installed.installerOf,
    nearNames: installed.nearNames,
    languages: () => installed.runtimes.packages ?? [],
    makeSandbox: (image, memoryBytes, wayOut) => maker.make(image, memoryBytes, wayOut),
    observer: metrics.environments,
  })
  const { enqueue: enqueueWebhook } = webhooks
  const jobs = createJobConsumer(core, {
    sandboxes: { pool, locate: installed.locate },
    files,
    environments,
    enqueueWebhook,
    metrics,
  })
  const sessions = createSessions(core, {
    pool,
    locate: installed.locateSession,
    environments,
    files,
    enqueueWebhook,
    observer: metrics.sessions,
  })
  const compare = createCompare({
    problemJobs: createProblemJobs(core.redis, core.keys),
    records: createJobReader(core.redis, core.keys, core.bulk),
    languages: loadLanguages(`${host.root}/languages`),
  })
  const comparisons = createComparisonQueue(core, compare)
  const state = (): WorkerState => ({
    sessions: sessions.load,
    engine: sandboxes.isEngineUp ? 'up' : 'down',
    runtimes: installed.runtimes,
    load: { jobs: jobs.running, pool: pool.counts() },
  })
  return { sessions, jobs, environments, files, sandboxes, webhooks, alerts, comparisons, state }
}

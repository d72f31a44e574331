import { createProblemJobs } from '../shared/judging/problem-jobs.ts'
import { createProblemStore } from '../shared/judging/problem-store.ts'
import { loadLanguages } from '../shared/language.ts'
import { loadGroups, loadSizes } from '../shared/language-groups.ts'
import { ownVersion } from '../shared/package-root.ts'
import { createBatchesFeature } from './batches/batches-feature.ts'
import { createCompatFeature } from './compat/compat-feature.ts'
import type { Core } from './core.ts'
import { createEnvironmentsFeature } from './environments/environments-feature.ts'
import { createFilesFeature } from './files/files-feature.ts'
import type { Foundation } from './foundation.ts'
import { createJobsFeature } from './jobs/jobs-feature.ts'
import { createMcpFeature } from './mcp/mcp-feature.ts'
import { createProblemsFeature } from './problems/problems-feature.ts'
import { createRuntimesFeature } from './runtimes/runtimes-feature.ts'
import { createSessionsFeature } from './sessions/sessions-feature.ts'

/** What people come for: jobs, and what is built on them, each given by name what it needs of the others. */
export function createCapabilities(core: Core, foundation: Foundation) {
  const { overview, events, webhooks, access } = foundation
  const { open, upgrades } = foundation.http
  const { metrics } = foundation.metering
  const { record, audit } = foundation.security
  const { limitEndUsers, spendRest } = foundation.rateLimit
  const languages = loadLanguages(`${core.root}/languages`)
  const problems = createProblemStore(core.bulk, core.keys)
  const problemJobs = createProblemJobs(core.redis, core.keys)

  const files = createFilesFeature(core, { open, audit, stored: metrics.fileStored })
  const environments = createEnvironmentsFeature(core)
  const jobs = createJobsFeature(core, {
    languages,
    judging: { problems, noteSubmissions: (specs) => problemJobs.add(specs) },
    overview,
    events,
    metrics,
    security: { record, audit },
    http: { open, upgrades, limitEndUsers },
    files,
    environments: environments.requests,
    enqueueWebhook: webhooks.enqueue,
  })
  const { records, requests, submission, cancel, screen, serving } = jobs
  const batches = createBatchesFeature(core, { records, requests, submission, cancel, limitEndUsers, spendRest, open })
  const judging = createProblemsFeature(core, {
    problems,
    problemJobs,
    languages,
    maxProblemBytes: core.config.http.maxProblemBytes,
    records,
    requests,
    submission,
    pace: foundation.rateLimit.limiter.pace,
    open,
    audit,
  })
  const sessions = createSessionsFeature(core, {
    languages,
    starting: { overview, limitEndUsers, environments: environments.requests, files: files.records },
    events,
    open,
    upgrades,
    enqueueWebhook: webhooks.enqueue,
    screen,
    audit,
  })
  const runtimes = createRuntimesFeature(core, {
    languages,
    groups: loadGroups(`${core.root}/languages`, languages),
    sizes: loadSizes(`${core.root}/languages`),
    canInstall: (language, known) => environments.requests.canInstall(language, known),
    hasSet: (language, known, set) => environments.requests.hasSet(language, known, set),
    overview,
    feed: events.feed,
    open,
    audit,
  })
  const compat = createCompatFeature(core, {
    languages,
    overview,
    jobs: { requests, submission, cancel, ...serving, mayUse: access.allow(['jobs'], '/v1/jobs') },
    feed: events.feed,
    open,
    upgrades,
    spend: (res, tokens) => spendRest({ req: res.req, res }, tokens),
    sessions: { needs: sessions.needs, mayUse: access.allow(['sessions'], '/v1/sessions') },
    files: files.records,
    access,
  })
  const mcp = createMcpFeature(core, {
    tools: {
      config: core.config,
      languages,
      overview,
      jobs: { records, requests, submission, cancel, output: serving.output, artifacts: serving.artifacts },
      sessions: sessions.needs,
      live: events.live,
      open,
    },
    spend: (res) => spendRest({ req: res.req, res }, 1),
    metrics,
    allow: access.allow,
    version: ownVersion(),
  })
  const packages = {
    routes: environments.routes({ languages, overview, open, screen, audit, live: events.live }),
    close: environments.close,
  }
  return { jobs, packages, batches, judging, files, sessions, runtimes, compat, mcp }
}

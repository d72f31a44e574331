import type { JobSpec } from '../../shared/job.ts'
import { createJobAdmission } from '../../shared/jobs/job-admission.ts'
import { createJobLifeCycle } from '../../shared/jobs/job-life-cycle.ts'
import { createJobReader, type JobReader } from '../../shared/jobs/job-reader.ts'
import type { ProblemStore } from '../../shared/judging/problem-store.ts'
import type { Language } from '../../shared/language.ts'
import { MIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { type ArtifactStore, createArtifactStore } from '../../shared/redis/artifact-store.ts'
import { readBatchRecord } from '../../shared/redis/batch-record.ts'
import { createJobStatisticsWriter } from '../../shared/redis/job-statistics.ts'
import { createJobInputs } from '../../shared/redis/job-input.ts'
import { createJobList, type JobList } from '../../shared/redis/job-list.ts'
import { createJobQueue, type JobQueue, promoteJobs } from '../../shared/redis/job-queue.ts'
import { createWakeUps } from '../../shared/redis/wake-ups.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { Core } from '../core.ts'
import type { Events } from '../events/events.ts'
import { createReplies } from '../events/replies.ts'
import type { EnvironmentRequests } from '../environments/environment-requests.ts'
import type { FilesFeature } from '../files/files-feature.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import type { Upgrades } from '../http/upgrades.ts'
import { checkWorkers, knownRuntimes } from '../load/check-workers.ts'
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts'
import type { LimitEndUsers } from '../rate-limit/end-users.ts'
import { loadRules } from '../screening/load-rules.ts'
import { createScreening } from '../screening/screening.ts'
import type { Audit } from '../security/audit.ts'
import { adminJobRoutes, adminListRoutes } from './admin-jobs.ts'
import { createByteSemaphore } from './byte-semaphore.ts'
import { cancelJob } from './cancel-job.ts'
import { type Cancel, createCancel } from './cancellation.ts'
import { streamJobEvents } from './job-events.ts'
import { talkToJob } from './job-io.ts'
import { createJobSubmission, type JobSubmission, readEnded } from './job-submission.ts'
import { listJobs } from './list-jobs.ts'
import { readAnyJobTest } from './read-any-job-test.ts'
import { readArtifact } from './read-artifact.ts'
import { readJob } from './read-job.ts'
import { readJobRequest } from './read-request.ts'
import { createReplicas, noReplicas } from './replicas.ts'
import { createJobRequestBuilder, type JobRequestBuilder } from './request/job-request-builder.ts'
import { type Screen, screenWith } from './request/screen-with.ts'
import { runNowRoutes } from './run-now.ts'
import type { SocketDeps } from './socket/serve-socket.ts'
import { submitJob } from './submit-job.ts'
import type { OutputNeeds } from './with-output.ts'

export interface JobsNeeds {
  languages: readonly Language[]
  judging: {
    /** Those that jobs can name. */
    problems: Pick<ProblemStore, 'read' | 'content'>
    /** Notes which of these are submissions to stored problems. */
    noteSubmissions: (specs: readonly JobSpec[]) => Promise<void>
  }
  /** The workers and what they can run, as of at most a moment ago. */
  overview: () => Promise<Overview>
  events: Events
  metrics: GatewayMetrics
  security: {
    /** Takes what counts against a caller. */
    record: (event: SecurityEvent) => Promise<void>
    audit: Audit
  }
  http: { open: OpenResponses; upgrades: Upgrades; limitEndUsers: LimitEndUsers }
  files: Pick<FilesFeature, 'records' | 'store'>
  environments: EnvironmentRequests
  /** Queues a webhook delivery; an empty id is none. Never fails. */
  enqueueWebhook: (deliveryId: string) => Promise<void>
}

export interface JobsFeature {
  routes: BoundRoute[]
  records: JobReader
  requests: JobRequestBuilder
  submission: JobSubmission
  cancel: Cancel
  /** Screens what callers submit. */
  screen: Screen
  /** What is made of jobs for clients, for whoever serves them otherwise. */
  serving: JobServing
  /** BullMQ's own counts of the queue, by state. */
  counts: () => Promise<Record<string, number>>
  close: () => Promise<void>
}

export interface JobServing {
  output: OutputNeeds
  jobList: JobList
  artifacts: ArtifactStore
  /** For sockets to interactive jobs. */
  socket: SocketDeps
}

const submitRoutes = [submitJob, ...runNowRoutes]
const ownJobRoutes = [readJob, cancelJob, streamJobEvents, readJobRequest, readArtifact]

export const JOB_ROUTES = [
  ...submitRoutes,
  listJobs,
  ...ownJobRoutes,
  talkToJob,
  ...adminListRoutes,
  ...adminJobRoutes,
  readAnyJobTest,
]

/** Output on its way to clients at one time; as JSON, and while that is made, it is a few times as much. */
const SENDING_BYTES = 32 * MIB

/** Jobs: submit, list, poll, stream, talk to, cancel, read what they left; run one and wait for it; those of all tenants. */
export function createJobsFeature(core: Core, needs: JobsNeeds): JobsFeature {
  const { config, redis, bulk, subscriber, keys, tracing } = core
  const { languages, overview, events, files } = needs
  const { open, upgrades, limitEndUsers } = needs.http
  const { audit } = needs.security
  const queue = createJobQueue(redis, keys, tracing)
  const records = createJobReader(redis, keys, bulk)
  const screen = createScreen(core, needs)
  const requests = createRequests(core, needs, screen)
  const submission = createSubmission(core, needs, queue, records)
  const cancel = createCancellation(core, needs, queue)
  const output = { records, sending: createByteSemaphore(SENDING_BYTES) }
  const artifacts = createArtifactStore(bulk, keys, config)
  const list = { jobList: createJobList(redis, keys, records), languages }
  const socket = {
    inputs: createJobInputs(redis, keys),
    wakeUps: createWakeUps(subscriber),
    channelOf: (id: string) => keys.input(id),
  }
  const lockOf = (id: string) => needs.environments.lockOf(id)
  const { feed } = events
  const ends = { ...output, submission, cancel, feed, open, artifacts, files, lockOf }
  return {
    routes: [
      ...bindRoutes({ ...output, submission, requests, limitEndUsers, open, feed, config, lockOf }, submitRoutes),
      ...bindRoutes(list, [listJobs]),
      ...bindRoutes(ends, ownJobRoutes),
      ...bindRoutes({ records, feed, open, upgrades, socket }, [talkToJob]),
      ...bindRoutes({ ...output, ...list, submission, overview, audit }, adminListRoutes),
      ...bindRoutes({ ...ends, audit }, adminJobRoutes),
      ...bindRoutes({ records, problems: needs.judging.problems }, [readAnyJobTest]),
    ],
    records,
    requests,
    submission,
    cancel,
    screen,
    serving: { output, jobList: list.jobList, artifacts, socket },
    counts: () => queue.getJobCounts(),
    close: () => queue.close(),
  }
}

function createScreen({ config, root }: Core, { languages, metrics, security }: JobsNeeds): Screen {
  const blocked = (event: SecurityEvent) => {
    metrics.submitted('blocked')
    void security.record(event)
  }
  const screening = createScreening(loadRules(root, config.screening.rulesFile), languages)
  return screenWith(screening, config.screening.policy, blocked, metrics.screened)
}

function createRequests(
  { config }: Core,
  { languages, judging, overview, files, environments }: JobsNeeds,
  screen: Screen,
): JobRequestBuilder {
  return createJobRequestBuilder({
    config,
    languages,
    problems: judging.problems,
    runtimes: async () => knownRuntimes(await overview()),
    screen,
    environments,
    readFiles: (ids) => files.records.readAll(ids),
  })
}

function createSubmission(core: Core, needs: JobsNeeds, queue: JobQueue, records: JobReader): JobSubmission {
  const { config, redis, subscriber, keys, log } = core
  const { overview, events, metrics, environments, judging } = needs
  const { redisReplicas } = config
  const replicas =
    redisReplicas > 0 ? createReplicas(core.connect('runyard-api-replicas'), keys.mark, redisReplicas) : noReplicas
  return createJobSubmission({
    queue,
    admission: createJobAdmission(redis, keys),
    records,
    readBatch: (id) => readBatchRecord(redis, keys, id),
    events: { live: events.live, replies: createReplies(subscriber, keys, (id) => readEnded(records, id)) },
    bounds: config.load,
    replicas,
    others: {
      checkWorkers: async (jobs) => {
        try {
          checkWorkers(await overview())
        } catch (error) {
          if (error instanceof Problem) metrics.refused('engine', jobs)
          throw error
        }
      },
      pinFiles: (tenant, pins) => needs.files.records.pin(tenant, pins),
      noteSubmissions: judging.noteSubmissions,
      followPackages: async (specs) => {
        const following = specs.map(async ({ environment: id, head }) => {
          if (id !== undefined) await environments.follow(id, head.id)
        })
        await Promise.all(following).catch((err: unknown) => log.warn({ err }, 'jobs not told of their packages'))
      },
    },
    log,
    metrics,
  })
}

function createCancellation(core: Core, needs: JobsNeeds, queue: JobQueue): Cancel {
  const { config, redis, keys, log } = core
  const statistics = createJobStatisticsWriter(redis, keys)
  return createCancel(
    queue,
    createJobLifeCycle(redis, keys, config),
    (ids) => promoteJobs(queue, ids, log),
    needs.enqueueWebhook,
    needs.metrics.finished,
    (job, delayMs) => {
      statistics.ended(job, delayMs)
      statistics.flush().catch((err: unknown) => log.warn({ err }, 'job statistics not stored'))
    },
  )
}

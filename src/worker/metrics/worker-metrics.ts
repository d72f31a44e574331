import type { Redis } from 'ioredis'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { JobHead, JobSpec, Status } from '../../shared/job.ts'
import type { JobEvent } from '../../shared/job-event.ts'
import { ENVIRONMENT_FAULTS } from '../../shared/environments/environment.ts'
import { SECOND } from '../../shared/limits.ts'
import { BUCKETS } from '../../shared/metrics/buckets.ts'
import type { Exposition } from '../../shared/metrics/exposition.ts'
import { createFinishedJobs, runtimeOf } from '../../shared/metrics/finished-jobs.ts'
import { createRedisMetrics } from '../../shared/metrics/redis-metrics.ts'
import { createRegister } from '../../shared/metrics/register.ts'
import { PRIORITIES } from '../../shared/requests.ts'
import type { AttemptOutcome } from '../../shared/webhooks/deliveries.ts'
import type { EnvironmentObserver } from '../environments/environments.ts'
import type { JobObserver } from '../jobs/job-observer.ts'
import { createSessionMetrics, type SessionCounts, type SessionObserver } from './session-metrics.ts'
import type { PoolCounts, PoolObserver, RetireReason } from '../sandbox/pool.ts'
import type { FaultKind } from '../sandbox/sandbox.ts'

/** What a worker counts. Every label has a small, known set of values: never a tenant, an id or a caller's text. */
export interface WorkerMetrics extends Exposition {
  jobs: JobObserver
  pool: PoolObserver
  /** A job ended that this worker did not run: the queue had given it up. */
  lost: (head: Pick<JobHead, 'language'>, status: Status) => void
  published: (events: readonly JobEvent[]) => void
  sandboxStarted: (ms: number) => void
  sandboxNotStarted: () => void
  sandboxFault: (kind: FaultKind) => void
  environments: EnvironmentObserver
  webhookAttempted: (outcome: AttemptOutcome) => void
  sessions: SessionObserver
}

/** Where the values of this moment come from; asked only when somebody reads them. */
export interface WorkerSources {
  /** Whether the metrics of Node belong to it. */
  ofNode: boolean
  slots: number
  /** What jobs can run in, as metrics name it. */
  runtimes: readonly string[]
  busySlots: () => number
  sandboxes: () => PoolCounts
  sessions: () => SessionCounts
  isEngineUp: () => boolean
  redis: () => Redis
}

export function createWorkerMetrics(sources: WorkerSources): WorkerMetrics {
  const register = createRegister(sources.ofNode)
  const registers = [register]
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `runyard_${name}_total`, help, labelNames, registers })
  const seconds = <T extends string>(name: string, help: string, buckets: number[], labelNames: T[]) =>
    new Histogram({ name: `runyard_${name}_seconds`, help, labelNames, buckets, registers })
  const gauge = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Gauge({ name: `runyard_${name}`, help, labelNames, registers })

  const finished = createFinishedJobs(registers, sources.runtimes)
  const wait = seconds(
    'job_queue_wait',
    'From when a job was accepted, or due, to its first attempt',
    BUCKETS.queueWait,
    ['priority'],
  )
  const duration = seconds(
    'job_duration',
    'From the start of the last attempt of a job to its stored result',
    BUCKETS.job,
    ['runtime', 'status'],
  )
  const turnaround = seconds(
    'job_turnaround',
    'From when a job was accepted, or due, to its stored result',
    BUCKETS.job,
    ['runtime'],
  )
  const acquiring = seconds('sandbox_acquire', 'How long jobs waited for their sandbox', BUCKETS.sandbox, [])
  const stages = seconds('stage_duration', 'Wall time of stages, as init measured it', BUCKETS.job, [
    'runtime',
    'stage',
  ])
  const builds = seconds('environment_build', 'Builds of environments, by outcome', BUCKETS.job, ['outcome'])
  for (const outcome of ['ready', ...ENVIRONMENT_FAULTS]) builds.zero({ outcome })
  const wayOut = counter('way_out_bytes', 'Bytes that came in through the way out of installers', [])
  const evicted = counter(
    'environments_evicted',
    'Environments that were evicted by an operator or for a banned package',
    [],
  )
  const attempts = counter('job_attempts', 'Attempts that started; more than jobs when some ran again', ['runtime'])
  const requeued = counter('jobs_requeued', 'Jobs that went back to the queue', ['reason'])
  const formerRequeued = counter('jobs_put_back', 'Former name of runyard_jobs_requeued_total, for one version', [
    'reason',
  ])
  const output = counter('output_bytes', 'Bytes that programs wrote, including output beyond the limit', ['stream'])
  const events = counter('events_published', 'Events of jobs that this worker published', ['type'])
  const starting = seconds('sandbox_start', 'From the order for a sandbox to its readiness', BUCKETS.sandbox, [])
  const notStarted = counter('sandbox_start_failures', 'Sandboxes that could not be made', [])
  const created = counter('sandboxes_created', 'Sandboxes that were made for the pool', [])
  const retired = counter('sandboxes_retired', 'Sandboxes of the pool that are gone', ['reason'])
  const faults = counter('sandbox_faults', 'Sandboxes that ended unexpectedly or broke the protocol', ['kind'])
  const sandboxes = gauge('sandboxes', 'Sandboxes of the pool', ['state'])
  const prewarmed = gauge('sandboxes_prewarmed', 'Ready and bound sandboxes in which an interpreter waits')
  const idle = gauge(
    'sandboxes_idle_bytes',
    'Memory that ready and bound sandboxes hold, by what was measured of each language',
  )
  const armed = gauge('sandboxes_armed', 'Former name of runyard_sandboxes_prewarmed, for one version')
  const slots = gauge('worker_slots', 'Jobs this worker can run at a time')
  const busy = gauge('worker_slots_busy', 'Jobs this worker runs')
  const engine = gauge('engine_up', 'Whether the circuit breaker of the container engine is closed: 1 or 0')
  const webhooks = seconds('webhook_attempt_duration', 'Attempts to deliver a webhook', BUCKETS.delivery, ['result'])
  const deliveries = counter('webhook_deliveries', 'Deliveries of webhooks that ended, by how', ['state'])
  const sessions = createSessionMetrics(registers)
  const askRedis = createRedisMetrics(sources.redis, registers)

  const requeue = (reason: string, jobs: number) => {
    requeued.inc({ reason }, jobs)
    formerRequeued.inc({ reason }, jobs)
  }
  // There from the start: of a series that begins with 1 no rate can tell the first.
  for (const reason of ['engine-down', 'no-sandbox', 'files-unavailable', 'draining', 'sandbox-lost'])
    requeue(reason, 0)
  for (const stream of ['stdout', 'stderr']) output.inc({ stream }, 0)
  for (const reason of RETIRE_REASONS) retired.inc({ reason }, 0)
  for (const kind of ['init', 'protocol', 'stream', 'timeout'] satisfies FaultKind[]) faults.inc({ kind }, 0)
  for (const state of ['succeeded', 'failed']) deliveries.inc({ state }, 0)
  slots.set(sources.slots)

  return {
    jobs: {
      started(spec, attempt) {
        attempts.inc({ runtime: runtimeOf(spec.head) })
        if (attempt > 1) return
        wait.observe({ priority: PRIORITIES[spec.rank] ?? 'normal' }, sinceDue(spec) / SECOND)
      },
      acquired: (_spec, ms) => acquiring.observe(ms / SECOND),
      stageEnded({ head }, { name, wallMs, stdoutBytes, stderrBytes }) {
        const stage = name.startsWith('test ') ? 'test' : name
        stages.observe({ runtime: runtimeOf(head), stage }, wallMs / SECOND)
        output.inc({ stream: 'stdout' }, stdoutBytes)
        output.inc({ stream: 'stderr' }, stderrBytes)
      },
      requeued: (_spec, reason) => requeue(reason, 1),
      ended(spec, status, startedAt) {
        const runtime = runtimeOf(spec.head)
        finished(spec.head, status)
        turnaround.observe({ runtime }, sinceDue(spec) / SECOND)
        if (startedAt === null) return
        duration.observe({ runtime, status }, Math.max(0, Date.now() - Date.parse(startedAt)) / SECOND)
      },
    },
    pool: {
      created: () => created.inc(),
      retired: (reason) => retired.inc({ reason }),
    },
    lost: finished,
    environments: {
      built: (outcome, ms) => builds.observe({ outcome }, ms / SECOND),
      downloaded: (bytes) => wayOut.inc(bytes),
      evicted: () => evicted.inc(),
    },
    published(all) {
      for (const { type } of all) events.inc({ type })
    },
    sandboxStarted: (ms) => starting.observe(ms / SECOND),
    sandboxNotStarted: () => notStarted.inc(),
    sandboxFault: (kind) => faults.inc({ kind }),
    webhookAttempted({ attempt, state }) {
      const { status, error, durationMs } = attempt
      webhooks.observe({ result: error ?? `${Math.floor((status ?? 0) / 100)}xx` }, durationMs / SECOND)
      if (state !== 'pending') deliveries.inc({ state })
    },
    sessions: sessions.observer,
    register,
    async text() {
      await askRedis()
      const { prewarmed: waiting, idleBytes, ...states } = sources.sandboxes()
      for (const [state, count] of Object.entries(states)) sandboxes.set({ state }, count)
      prewarmed.set(waiting)
      armed.set(waiting)
      idle.set(idleBytes)
      busy.set(sources.busySlots())
      sessions.set(sources.sessions())
      engine.set(sources.isEngineUp() ? 1 : 0)
      return register.metrics()
    },
  }
}

const RETIRE_REASONS: RetireReason[] = [
  'max-jobs',
  'max-age',
  'memory',
  'single-use',
  'surplus',
  'unwanted',
  'closed',
  'fault',
]

/** Since a job could have begun, in ms. The gateway's clock may be another. */
function sinceDue({ head, delayMs }: JobSpec): number {
  return Math.max(0, Date.now() - Date.parse(head.createdAt) - delayMs)
}

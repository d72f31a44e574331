import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { closeOnce } from '../../shared/close-once.ts'
import type { JobEvent } from '../../shared/job-event.ts'
import { SECOND } from '../../shared/limits.ts'
import type { CountFinished } from '../../shared/metrics/finished-jobs.ts'
import { createProblemStore } from '../../shared/judging/problem-store.ts'
import { createArtifactStore } from '../../shared/redis/artifact-store.ts'
import { createJobStatisticsWriter } from '../../shared/redis/job-statistics.ts'
import { createJobInputs } from '../../shared/redis/job-input.ts'
import { changePriorities, createJobQueue, promoteJobs } from '../../shared/redis/job-queue.ts'
import { createJobLifeCycle, type JobLifeCycle, RENEW_MS } from '../../shared/jobs/job-life-cycle.ts'
import { createJobReader } from '../../shared/jobs/job-reader.ts'
import { createWakeUps } from '../../shared/redis/wake-ups.ts'
import { createSecurityEvents } from '../../shared/security/security-events.ts'
import type { WorkerCore } from '../core.ts'
import { createCompiledPrograms } from '../judging/compiled-programs.ts'
import { createCompiledStore } from '../judging/compiled-store.ts'
import { startTimer } from '../timer.ts'
import type { JobFiles } from '../files/job-files.ts'
import { type JobObserver, observeTogether } from './job-observer.ts'
import { createLiveInput } from './live-input.ts'
import { storeLostJob } from './finish-job.ts'
import type { JobContext } from './job-context.ts'
import { preloadedModules } from './preloaded-modules.ts'
import { processJob } from './process-job.ts'
import { createQueueWorker, type QueueWorker } from './queue-worker.ts'
import { reconcile } from './reconcile.ts'
import { createRunningJobs, type RunningJobs } from './running-jobs.ts'
import { jobSpans, traceJobs } from './trace-jobs.ts'

/** Takes jobs from the queue and runs them. */
export interface JobConsumer {
  /** How many run now. */
  readonly running: number
  /**
   * Begins.
   * @param takes asked, once it could take jobs, whether it does yet; otherwise it does once it is resumed
   * @throws when Redis refuses
   */
  start: (takes: () => boolean) => Promise<void>
  /** Takes no more jobs until it is told to. */
  pause: () => Promise<void>
  resume: () => Promise<void>
  /** Ends running jobs in good order, within the drain time. Idempotent. */
  close: () => Promise<void>
}

export interface JobConsumerOptions {
  sandboxes: Pick<JobContext['sandboxes'], 'pool' | 'locate'>
  files: JobFiles
  environments: JobContext['environments']
  enqueueWebhook: JobContext['queues']['enqueueWebhook']
  metrics: {
    /** Told of jobs. */
    jobs: JobObserver
    /** Counts a job that the queue had given up. */
    lost: CountFinished
    /** Told of the events of jobs as they are written. */
    published: (events: readonly JobEvent[]) => void
  }
}

const RECONCILE_MS = 30 * SECOND
/** How far behind the dashboard's statistics may be. */
const FLUSH_MS = SECOND

export function createJobConsumer(core: WorkerCore, options: JobConsumerOptions): JobConsumer {
  const { config, keys, redis, subscriber, tracing, log } = core
  const { metrics } = options
  const { lost } = metrics
  const lifeCycle = countEvents(createJobLifeCycle(redis, keys, config), metrics.published)
  const records = { ...lifeCycle, ...createJobReader(redis, keys) }
  const queue = createJobQueue(redis, keys)
  const statistics = createJobStatisticsWriter(redis, keys)
  const events = createSecurityEvents(redis, keys, config.abuse, log)
  const running = createRunningJobs(records)
  const inputs = createJobInputs(redis, keys)
  const compiled = createCompiledPrograms(undefined, createCompiledStore(core))
  const context: JobContext = {
    records,
    stores: {
      artifacts: createArtifactStore(redis, keys, config),
      problems: createProblemStore(redis, keys),
      files: options.files,
    },
    environments: options.environments,
    sandboxes: {
      ...options.sandboxes,
      graceMs: config.sandbox.graceMs,
      timeoutFactor: config.timeoutFactor,
      preloaded: preloadedModules(config.packages.preload),
      compiled,
    },
    queues: {
      reorder: (changes) => changePriorities(queue, changes),
      promoteHeld: (ids) => promoteJobs(queue, ids, log),
      enqueueWebhook: options.enqueueWebhook,
    },
    notes: { ended: statistics.ended, security: (event) => void events.record(event) },
    running,
    input: createLiveInput({ inputs, wakeUps: createWakeUps(subscriber), keys, log }),
    observer: observeTogether([metrics.jobs, ...(tracing ? [jobSpans(tracing)] : [])]),
    log,
  }
  let worker: QueueWorker | undefined
  subscriber.on('message', (channel: string, jobId: string) => {
    if (channel === keys.cancellations) running.cancel(jobId)
  })
  const timers = [
    startTimer('flush of job statistics', FLUSH_MS, statistics.flush, log),
    startTimer('renewal of leases', RENEW_MS, running.renew, log),
    startTimer('reconciliation', RECONCILE_MS, () => reconcile({ ...context, redis, queue, lost }), log),
  ]
  return {
    get running() {
      return running.count
    },
    async start(takes) {
      await subscriber.subscribe(keys.cancellations)
      worker = createQueueWorker(
        redis,
        keys,
        config.worker.slots,
        traceJobs(tracing, (spec, turn) => processJob(context, spec, turn)),
        (spec) => storeLostJob({ ...context, lost }, spec),
        log,
      )
      // Whoever paused it before there was a queue to pause is answered by this.
      if (!takes()) await worker.pause()
    },
    pause: async () => worker?.pause(),
    resume: async () => worker?.resume(),
    close: closeOnce(
      () => worker && drain(worker, running, redis, config.worker.drainTimeoutMs, log),
      () => timers.forEach((timer) => timer.stop()),
      () => (redis.status === 'ready' ? compiled.close() : undefined),
      () => (redis.status === 'ready' ? statistics.flush() : undefined),
      () => events.close(),
      () => queue.close(),
    ),
  }
}

/** Records whose events are counted as they are written; those that a script adds by itself, of a change of state, are not. */
function countEvents(records: JobLifeCycle, published: (events: readonly JobEvent[]) => void): JobLifeCycle {
  return {
    ...records,
    async append(id, attempt, number, events) {
      await records.append(id, attempt, number, events)
      published(events)
    },
    async finish(job, tenant, only, ending = {}) {
      const answer = await records.finish(job, tenant, only, ending)
      if (answer.stored) published([...(ending.events ?? []), { type: 'result', data: job }])
      return answer
    },
  }
}

/** What jobs that are told to end have until they are back in the queue. */
const REQUEUE_MS = 5 * SECOND

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
  if (await within(drained, REQUEUE_MS)) return
  log.error('jobs could not be requeued; they run again once their leases expire')
  redis.disconnect()
}

/** Whether it settles in time. @throws what it rejects with */
async function within(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)))
  return Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer))
}

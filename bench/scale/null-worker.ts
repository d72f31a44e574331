import { pino } from 'pino'
import { changePriorities, createJobQueue, promoteJobs } from '../../src/shared/redis/job-queue.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createProblemStore } from '../../src/shared/judging/problem-store.ts'
import { createArtifactStore } from '../../src/shared/redis/artifact-store.ts'
import { createJobInputs } from '../../src/shared/redis/job-input.ts'
import { createJobStatisticsWriter } from '../../src/shared/redis/job-statistics.ts'
import { createJobLifeCycle } from '../../src/shared/jobs/job-life-cycle.ts'
import { createJobReader } from '../../src/shared/jobs/job-reader.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { createWakeUps } from '../../src/shared/redis/wake-ups.ts'
import { createLiveInput } from '../../src/worker/jobs/live-input.ts'
import { storeLostJob } from '../../src/worker/jobs/finish-job.ts'
import type { JobContext } from '../../src/worker/jobs/job-context.ts'
import { processJob } from '../../src/worker/jobs/process-job.ts'
import { createWorkerMetrics } from '../../src/worker/metrics/worker-metrics.ts'
import { createRunningJobs } from '../../src/worker/jobs/running-jobs.ts'
import { createQueueWorker } from '../../src/worker/jobs/queue-worker.ts'
import { createSandboxPool } from '../../src/worker/sandbox/pool.ts'
import { nullSandbox } from '../../tests/worker/null-sandbox.ts'
import { RETENTION, SLOTS } from './settings.ts'

/**
 * A worker whose sandboxes run nothing and answer at once: what is left is the queue, the records and the events. It begins when it
 * is told to, and ends with its parent. Arguments: path of Redis's socket, namespace.
 */
const [path = '', namespace = ''] = process.argv.slice(2)
const log = pino({ level: 'error' })
const keys = createKeys(namespace)
const redis = connectRedis({ kind: 'path', path, db: 0 }, 'wait', 'null-worker', log)
const records = { ...createJobLifeCycle(redis, keys, RETENTION), ...createJobReader(redis, keys) }
const jobs = createJobQueue(redis, keys)
const metrics = createWorkerMetrics({
  ofNode: false,
  slots: SLOTS,
  runtimes: [],
  busySlots: () => running.count,
  sessions: () => ({ count: 0, waiting: 0, memoryBytes: 0, usedBytes: 0 }),
  sandboxes: () => pool.counts(),
  isEngineUp: () => true,
  redis: () => redis,
})
const pool = createSandboxPool({
  create: async () => nullSandbox(),
  reuse: 'tenant',
  standardMemoryBytes: 1,
  ready: SLOTS,
  slots: SLOTS,
  wear: { maxJobs: 1e9, maxAgeMs: 1e9 },
  log,
})
const running = createRunningJobs(records)
const statistics = createJobStatisticsWriter(redis, keys)
setInterval(() => void statistics.flush().catch(() => undefined), 1000)
/** Its jobs have none. */
const noFiles: JobContext['stores']['files'] = {
  read: () => Promise.reject(new Error('there are no files')),
  gather: () => Promise.reject(new Error('there are no artifacts')),
  keep: async () => new Map(),
  save: () => Promise.reject(new Error('there are no files')),
  drop: async () => undefined,
  close: async () => undefined,
}
const context: JobContext = {
  records,
  stores: {
    artifacts: createArtifactStore(redis, keys, RETENTION),
    problems: createProblemStore(redis, keys),
    files: noFiles,
  },
  environments: {
    canInstall: () => false,
    isDecided: async () => true,
    use: () => Promise.reject(new Error('there are no packages')),
  },
  sandboxes: {
    pool,
    locate: () => ({ language: undefined, image: 'null' }),
    graceMs: 0,
    timeoutFactor: 1,
    preloaded: () => [],
  },
  queues: {
    reorder: (changes) => changePriorities(jobs, changes),
    promoteHeld: (ids) => promoteJobs(jobs, ids, log),
    enqueueWebhook: async () => undefined,
  },
  notes: { ended: statistics.ended, security: () => undefined },
  running,
  input: createLiveInput({ inputs: createJobInputs(redis, keys), wakeUps: createWakeUps(redis), keys, log }),
  observer: metrics.jobs,
  log,
}
process.on('message', () => {
  createQueueWorker(
    redis,
    keys,
    SLOTS,
    (spec, turn) => processJob(context, spec, turn),
    (spec) => storeLostJob({ ...context, lost: metrics.lost }, spec),
    log,
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')

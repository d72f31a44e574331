import { DelayedError, type Job as QueuedJob, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { JobReturn, JobSpec } from '../../shared/job.ts'
import { type Keys, QUEUE_NAME } from '../../shared/redis/keys.ts'

/** A worker's hold on a job it was given. */
export interface Turn {
  /**
   * Gives the job back to the queue, from which it comes again after this time, or sooner when it is promoted. What the
   * processor returns then does not count.
   */
  delay(delayMs: number): Promise<void>
}

export type Processor = (spec: JobSpec, turn: Turn) => Promise<JobReturn>

export interface QueueWorker {
  /** Takes no more jobs until it is told to. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Takes no more jobs, and resolves when the running ones have ended. */
  drain(): Promise<void>
}

/** How long a job of a killed worker waits before another takes it: at most both together. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000

/**
 * The consumer's end of the queue.
 * @param redis a `wait` connection; BullMQ makes a second one of it to block on
 * @param slots jobs at a time
 * @param lost is called with a job that BullMQ gave up, normally one whose worker died twice
 */
export function createQueueWorker(
  redis: Redis,
  keys: Keys,
  slots: number,
  process: Processor,
  lost: (spec: JobSpec) => Promise<void>,
  log: Logger,
): QueueWorker {
  const worker = new Worker<JobSpec, JobReturn, 'run'>(
    QUEUE_NAME,
    async (job, token) => {
      let delayed = false
      const delay = async (delayMs: number) => {
        await job.moveToDelayed(Date.now() + delayMs, token)
        delayed = true
      }
      const result = await process(job.data, { delay })
      if (delayed) throw new DelayedError()
      return result
    },
    {
      connection: redis,
      prefix: keys.prefix,
      concurrency: slots,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: 1,
      skipVersionCheck: true,
    },
  )
  worker.on('error', (err) => log.error({ err }, 'queue worker error'))
  worker.on('stalled', (jobId) => log.warn({ jobId }, 'job of a lost worker goes back to the queue'))
  worker.on('failed', (job: QueuedJob<JobSpec, JobReturn, 'run'> | undefined, err) => {
    log.error({ err, jobId: job?.id }, 'job failed in the queue')
    if (job) lost(job.data).catch((cause: unknown) => log.error({ err: cause }, 'result not stored'))
  })
  return {
    pause: () => worker.pause(true),
    resume: () => worker.resume(),
    drain: () => worker.close(),
  }
}

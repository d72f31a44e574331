import { DelayedError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { type Keys, SESSION_QUEUE_NAME } from '../../shared/redis/keys.ts'
import type { SessionSpec } from '../../shared/sessions/session.ts'

export interface SessionQueueWorker {
  pause(): Promise<void>
  resume(): Promise<void>
  /** Takes no more, and resolves when those under way are placed. */
  close(): Promise<void>
}

const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** Sessions that are started at a time. */
const STARTS = 4

/**
 * The consumer's end of the queue of sessions. A session is off the queue as soon as it is placed; from then on its lease says who has
 * it.
 * @param place resolves to how long the session goes back for, in ms, or to undefined when it is placed
 */
export function createSessionQueueWorker(
  redis: Redis,
  keys: Keys,
  place: (spec: SessionSpec) => Promise<number | undefined>,
  log: Logger,
): SessionQueueWorker {
  const worker = new Worker<SessionSpec, null, 'start'>(
    SESSION_QUEUE_NAME,
    async (job, token) => {
      const delayMs = await place(job.data)
      if (delayMs === undefined) return null
      await job.moveToDelayed(Date.now() + delayMs, token)
      throw new DelayedError()
    },
    {
      connection: redis,
      prefix: keys.prefix,
      concurrency: STARTS,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: 2,
      skipVersionCheck: true,
    },
  )
  worker.on('error', (err) => log.error({ err }, 'session queue error'))
  worker.on('failed', (job, err) => log.error({ err, sessionId: job?.id }, 'session failed in the queue'))
  return { pause: () => worker.pause(true), resume: async () => worker.resume(), close: () => worker.close() }
}

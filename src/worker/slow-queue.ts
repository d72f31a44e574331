import { DelayedError, UnrecoverableError, Worker } from 'bullmq'
import { SECOND } from '../shared/limits.ts'
import type { WorkerCore } from './core.ts'

export interface SlowWork<Data> {
  queue: string
  /** Another worker takes the work over at most one and a half times so long after its own died. */
  lockMs: number
  /** For the log: what one piece of work is. */
  what: string
  /** What names a piece of work in the log. */
  nameOf: (data: Data) => Record<string, string>
  /** @param id of the piece of work in its queue */
  work: (data: Data, id: string | undefined) => Promise<void>
  /** Whether this worker ends or pauses: work that it fails then is another's, and does not count as an attempt. */
  isLeaving: () => boolean
  /** After the last attempt. */
  giveUp: (data: Data, id: string | undefined) => Promise<void>
}

/** Starts to take what takes minutes from a queue of its own, one at a time. */
export function startSlowQueue<Data, Name extends string>(
  { redis, keys, log }: Pick<WorkerCore, 'redis' | 'keys' | 'log'>,
  { queue, lockMs, what, nameOf, work, isLeaving, giveUp }: SlowWork<Data>,
): Worker<Data, null, Name> {
  const worker = new Worker<Data, null, Name>(
    queue,
    async (job, token) => {
      try {
        await work(job.data as Data, job.id)
        return null
      } catch (error) {
        if (!isLeaving()) throw error
        await job.moveToDelayed(Date.now() + SECOND, token)
        throw new DelayedError()
      }
    },
    {
      connection: redis,
      prefix: keys.prefix,
      concurrency: 1,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      maxStalledCount: 2,
      skipVersionCheck: true,
    },
  )
  worker.on('error', (err) => log.error({ err, queue }, 'queue error'))
  worker.on('failed', (job, err) => {
    log.error({ err, queue, ...(job && nameOf(job.data as Data)) }, `${what} failed`)
    const isLast = job && (job.attemptsMade >= (job.opts.attempts ?? 1) || err instanceof UnrecoverableError)
    if (isLast) void giveUp(job.data as Data, job.id).catch(() => undefined)
  })
  return worker
}

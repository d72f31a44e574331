import { ErrorCode, Job, type Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { JobReturn, JobSpec } from '../job.ts'
import { messagingAttributes } from '../tracing/messaging.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { type Keys, QUEUE_NAME } from './keys.ts'
import { createQueue } from './queue.ts'

/** Where a job stands in the queue: the lowest first, from 1. */
export interface Priority {
  id: string
  priority: number
}

export type JobQueue = Queue<JobSpec, JobReturn, 'run'>

/**
 * The producer's end of the queue. Give it a `fail-fast` connection.
 * @param tracing makes a span of each sending, which the jobs carry with them
 */
export function createJobQueue(redis: Redis, keys: Keys, tracing?: Tracing): JobQueue {
  const queue: JobQueue = createQueue<JobSpec, JobReturn, 'run'>(redis, keys, QUEUE_NAME)
  if (tracing) traceSending(queue, tracing)
  return queue
}

function traceSending(queue: JobQueue, tracing: Tracing): void {
  const addBulk = queue.addBulk.bind(queue)
  queue.addBulk = (jobs) => {
    const id = jobs.length === 1 ? jobs[0]?.opts?.jobId : undefined
    const attributes = { ...messagingAttributes(QUEUE_NAME, 'send', id), 'messaging.batch.message_count': jobs.length }
    return tracing.run(`send ${QUEUE_NAME}`, { kind: 'producer', attributes }, (span) =>
      addBulk(jobs.map((job) => ({ ...job, data: { ...job.data, trace: span.context } }))),
    )
  }
}

/** Takes delayed jobs back among those that wait. One that is not delayed (any more) is passed over; it looks by itself later. */
export async function promoteJobs(queue: JobQueue, ids: readonly string[], log: Logger): Promise<void> {
  for (const id of ids) {
    try {
      await (await queue.getJob(id))?.promote()
    } catch (err) {
      log.debug({ err, jobId: id }, 'held job was not promoted')
    }
  }
}

/** Gives jobs other places in the queue. One that is not there (any more) is passed over. @throws when Redis fails */
export async function changePriorities(queue: JobQueue, changes: readonly Priority[]): Promise<void> {
  // Without its data, which is long and of no use here.
  const jobs = changes.map(({ id, priority }) => ({ job: new Job(queue, 'run', {} as JobSpec, {}, id), priority }))
  await Promise.all(
    jobs.map(async ({ job, priority }) => {
      await job.changePriority({ priority }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== ErrorCode.JobNotExist) throw error
      })
    }),
  )
}

/** Which of these ids the queue does not know (any more). @throws when Redis fails */
export async function unknownTo(redis: Redis, queue: JobQueue, ids: readonly string[]): Promise<string[]> {
  const pipeline = redis.pipeline()
  for (const id of ids) pipeline.exists(queue.toKey(id))
  const answers = (await pipeline.exec()) ?? []
  return ids.filter((_id, index) => {
    const [error, there] = answers[index] ?? []
    if (error) throw error
    return there === 0
  })
}

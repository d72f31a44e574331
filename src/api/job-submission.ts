import type { Logger } from 'pino'
import type { Job, JobSpec } from '../shared/job.ts'
import type { JobQueue } from '../shared/redis/job-queue.ts'
import type { Idempotency, JobRecords, QueueBounds } from '../shared/redis/job-record.ts'
import { Problem } from '../shared/problems.ts'
import type { LiveEvents } from './events/live-events.ts'
import { watchForEnd } from './events/wait-for-end.ts'
import { idempotencyMismatch } from './http/idempotency.ts'
import { queueFull } from './load/queue-full.ts'

/** A job that is on the queue. */
export interface Accepted {
  id: string
  /** Whether it was there already: the request was a repeated one. */
  replayed: boolean
}

export interface JobSubmission {
  /**
   * Accepts a job. When this resolves it is on the queue.
   * @throws Problem when the queue is full, nobody can run jobs, or the idempotency key was used for something else; what
   * Redis answered, when it fails. The job is not accepted then
   */
  submit(spec: JobSpec, idempotency: Idempotency | undefined): Promise<Accepted>
  /**
   * Accepts a job and waits for its end.
   * @returns with the finished job, unless it did not end in time
   * @throws as `submit`
   */
  submitAndWait(
    spec: JobSpec,
    idempotency: Idempotency | undefined,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Accepted & { job: Job | undefined }>
  /** The job, once it has ended; undefined when it does not in time or the signal aborts. */
  waitForEnd(id: string, waitMs: number, signal: AbortSignal): Promise<Job | undefined>
}

export interface JobSubmissionOptions {
  queue: JobQueue
  records: JobRecords
  live: LiveEvents
  bounds: QueueBounds
  /** @throws Problem when no worker could run a job now */
  checkWorkers: () => Promise<void>
  /** Told of every job that is on the queue. */
  accepted: () => void
  log: Logger
}

export function createJobSubmission(options: JobSubmissionOptions): JobSubmission {
  const { queue, records, live, bounds, checkWorkers, accepted, log } = options

  const submit = async (spec: JobSpec, idempotency: Idempotency | undefined): Promise<Accepted> => {
    await checkWorkers()
    const { head, tenant, origin, rank, delayMs } = spec
    const admission = await records.admit(spec, { bounds, rank, idempotency })
    if (admission.kind === 'full') throw queueFull(admission.load, bounds)
    if (admission.kind === 'known') {
      const same = admission.id === head.id || admission.fingerprint === idempotency?.fingerprint
      if (!same) throw idempotencyMismatch(`the job ${admission.id}`)
      await queueAgain(admission.id, spec)
      return { id: admission.id, replayed: admission.id !== head.id }
    }
    try {
      await queue.add('run', spec, { jobId: head.id, priority: admission.priority, delay: delayMs })
    } catch (error) {
      // It may have got there all the same; the order on the connection is kept.
      await Promise.allSettled([queue.remove(head.id), records.remove(spec, idempotency)])
      throw error
    }
    accepted()
    const { id: jobId, language, image } = head
    log.info({ jobId, tenant, requestId: origin.requestId, keyId: origin.keyId, language, image }, 'job accepted')
    return { id: jobId, replayed: false }
  }

  /**
   * Puts a job on the queue that has a record and may be nowhere else: the gateway that made the record was killed then, or
   * Redis was. The queue leaves alone a job that it has.
   */
  const queueAgain = async (id: string, spec: JobSpec): Promise<void> => {
    const waiting = await records.waiting(id, spec.rank)
    if (!waiting) return
    const { head, priority } = waiting
    const delay = Math.max(0, Date.parse(head.createdAt) + spec.delayMs - Date.now())
    await queue.add('run', { ...spec, head }, { jobId: id, priority, delay })
  }

  const finished = async (id: string): Promise<Job | undefined> => {
    const record = await records.read(id)
    return record && record.job.status !== null ? record.job : undefined
  }
  const watch = (id: string) => watchForEnd(live, id, async () => (await finished(id)) !== undefined)

  const waitForEnd = async (id: string, waitMs: number, signal: AbortSignal): Promise<Job | undefined> => {
    const watched = await watch(id)
    const job = await finished(id).catch((error: unknown) => {
      watched.cancel()
      throw error
    })
    if (job) watched.cancel()
    else await watched.wait(waitMs, signal)
    return job ?? finished(id)
  }

  return {
    submit,
    waitForEnd,
    async submitAndWait(spec, idempotency, waitMs, signal) {
      // Watched before it is queued, so that its end is not missed.
      const watched = await watch(spec.head.id)
      try {
        // A client that is gone by now wants no job.
        if (signal.aborted) throw new Problem('unavailable', 'the request ended before the job was accepted')
        const accepted = await submit(spec, idempotency)
        if (accepted.replayed) return { ...accepted, job: await waitForEnd(accepted.id, waitMs, signal) }
        await watched.wait(waitMs, signal)
        return { ...accepted, job: await finished(accepted.id) }
      } finally {
        watched.cancel()
      }
    },
  }
}

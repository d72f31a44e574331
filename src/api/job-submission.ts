import type { Logger } from 'pino'
import type { Job, JobSpec } from '../shared/job.ts'
import type { JobQueue } from '../shared/redis/job-queue.ts'
import type { JobRecords, QueueBounds } from '../shared/redis/job-record.ts'
import type { LiveEvents } from './events/live-events.ts'
import { watchForEnd } from './events/wait-for-end.ts'
import { queueFull } from './load/queue-full.ts'

export interface JobSubmission {
  /**
   * Accepts a job. When this resolves it is on the queue.
   * @throws Problem when the queue is full or nobody can run jobs; what Redis answered, when it fails. The job is not
   * accepted then
   */
  submit(spec: JobSpec): Promise<void>
  /**
   * Accepts a job and waits for its end.
   * @returns the finished job, or undefined when it did not end in time
   * @throws as `submit`
   */
  submitAndWait(spec: JobSpec, waitMs: number, signal: AbortSignal): Promise<Job | undefined>
}

export interface JobSubmissionOptions {
  queue: JobQueue
  records: JobRecords
  live: LiveEvents
  bounds: QueueBounds
  /** @throws Problem when no worker could run a job now */
  checkWorkers: () => Promise<void>
  log: Logger
}

export function createJobSubmission({
  queue,
  records,
  live,
  bounds,
  checkWorkers,
  log,
}: JobSubmissionOptions): JobSubmission {
  const submit = async (spec: JobSpec) => {
    await checkWorkers()
    const admission = await records.admit(spec, bounds)
    if (!admission.admitted) throw queueFull(admission.load, bounds)
    try {
      await queue.add('run', spec, { jobId: spec.head.id, priority: admission.priority })
    } catch (error) {
      await records.remove(spec).catch(() => undefined)
      throw error
    }
    const { head, tenant, origin } = spec
    const { id: jobId, language, image } = head
    log.info({ jobId, tenant, requestId: origin.requestId, keyId: origin.keyId, language, image }, 'job accepted')
  }
  const finished = async (id: string): Promise<Job | undefined> => {
    const record = await records.read(id)
    return record && record.job.status !== null ? record.job : undefined
  }
  return {
    submit,
    async submitAndWait(spec, waitMs, signal) {
      const { id } = spec.head
      const watch = await watchForEnd(live, id, async () => (await finished(id)) !== undefined)
      // A client that is gone by now wants no job.
      if (signal.aborted) {
        watch.cancel()
        return undefined
      }
      try {
        await submit(spec)
      } catch (error) {
        watch.cancel()
        throw error
      }
      await watch.wait(waitMs, signal)
      return finished(id)
    },
  }
}

import type { Job, JobSpec } from '../shared/job.ts'
import type { JobQueue } from '../shared/redis/job-queue.ts'
import type { JobRecords } from '../shared/redis/job-record.ts'
import { watchForEnd } from './events/wait-for-end.ts'
import type { LiveEvents } from './events/live-events.ts'

export interface JobSubmission {
  /** Accepts a job. When this resolves it is on the queue. @throws when Redis fails; the job is not accepted then */
  submit(spec: JobSpec): Promise<void>
  /**
   * Accepts a job and waits for its end.
   * @returns the finished job, or undefined when it did not end in time
   */
  submitAndWait(spec: JobSpec, waitMs: number, signal: AbortSignal): Promise<Job | undefined>
}

export function createJobSubmission(queue: JobQueue, records: JobRecords, live: LiveEvents): JobSubmission {
  const submit = async (spec: JobSpec) => {
    const { id } = spec.head
    // Both leave on one connection in this order: whoever sees the job finds its record.
    const results = await Promise.allSettled([
      records.create(spec.head, spec.tenant),
      queue.add('run', spec, { jobId: id }),
    ])
    const failed = results.find((result) => result.status === 'rejected')
    if (!failed) return
    await records.remove(id).catch(() => undefined)
    throw failed.reason
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

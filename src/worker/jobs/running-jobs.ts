import type { JobSpec } from '../../shared/job.ts'
import type { JobRecords } from '../../shared/redis/job-record.ts'

/** The jobs that run on this worker now: to renew their leases, and to end one that is cancelled. */
export interface RunningJobs {
  /** @returns a signal that aborts when the job is to end; `done` when it has */
  begin: (job: JobSpec) => { signal: AbortSignal; done: () => void }
  /** Ends the job of this id, if it runs here. */
  cancel: (id: string) => void
  /** Renews every lease, and ends those that were cancelled unheard. @throws when Redis fails */
  renew: () => Promise<void>
}

export function createRunningJobs(records: Pick<JobRecords, 'renew'>): RunningJobs {
  const running = new Map<string, { job: JobSpec; controller: AbortController }>()
  return {
    begin(job) {
      const entry = { job, controller: new AbortController() }
      running.set(job.head.id, entry)
      return {
        signal: entry.controller.signal,
        // A later attempt may run here as well by now.
        done: () => void (running.get(job.head.id) === entry && running.delete(job.head.id)),
      }
    },
    cancel: (id) => running.get(id)?.controller.abort(),
    async renew() {
      await Promise.all(
        [...running.values()].map(async ({ job, controller }) => {
          if (await records.renew(job)) controller.abort()
        }),
      )
    },
  }
}

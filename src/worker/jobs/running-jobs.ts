import type { JobSpec } from '../../shared/job.ts'
import type { JobLifeCycle } from '../../shared/jobs/job-life-cycle.ts'

/** Why the signal of a running job aborts. */
export type EndReason = 'cancelled' | 'draining'

/** The jobs that run on this worker now: to renew their leases, and to end them early. */
export interface RunningJobs {
  /** @returns a signal that aborts, with an EndReason, when the job is to end; `done` when it has */
  begin: (job: JobSpec) => { signal: AbortSignal; done: () => void }
  /** How many there are. */
  readonly count: number
  /** Ends the job of this id, if it runs here. */
  cancel: (id: string) => void
  /** Ends them all, to be run by another worker. */
  drain: () => void
  /** Renews every lease, and ends those that were cancelled unheard. @throws when Redis fails */
  renew: () => Promise<void>
}

export function createRunningJobs(records: Pick<JobLifeCycle, 'renew'>): RunningJobs {
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
    get count() {
      return running.size
    },
    cancel: (id) => running.get(id)?.controller.abort('cancelled' satisfies EndReason),
    drain() {
      for (const { controller } of running.values()) controller.abort('draining' satisfies EndReason)
    },
    async renew() {
      await Promise.all(
        [...running.values()].map(async ({ job, controller }) => {
          if (await records.renew(job)) controller.abort('cancelled' satisfies EndReason)
        }),
      )
    },
  }
}

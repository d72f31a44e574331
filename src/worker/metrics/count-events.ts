import type { JobEvent } from '../../shared/job-event.ts'
import type { JobLifeCycle } from '../../shared/jobs/job-life-cycle.ts'

/** Records whose events are counted as they are written; those that a script adds by itself, of a change of state, are not. */
export function countEvents(records: JobLifeCycle, published: (events: readonly JobEvent[]) => void): JobLifeCycle {
  return {
    ...records,
    async append(id, attempt, number, events) {
      await records.append(id, attempt, number, events)
      published(events)
    },
    async finish(job, tenant, only, ending = {}) {
      const answer = await records.finish(job, tenant, only, ending)
      if (answer.stored) published([...(ending.events ?? []), { type: 'result', data: job }])
      return answer
    },
  }
}

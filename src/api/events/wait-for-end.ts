import type { JobSummary } from '../../shared/job.ts'
import { createEndWatch, type EndWatch } from './end-watch.ts'
import type { LiveEvents } from './live-events.ts'

/**
 * Begins to watch for the end of a job that somebody else submitted, by its events.
 * @param ended reads the job if it has ended; used when the connection was lost for a moment
 */
export async function watchForEnd(
  live: LiveEvents,
  jobId: string,
  ended: () => Promise<JobSummary | undefined>,
): Promise<EndWatch> {
  let unsubscribe = () => {}
  const { watch, end } = createEndWatch(() => unsubscribe())
  unsubscribe = await live.subscribe(jobId, {
    event({ type, data }) {
      if (type === 'result') end(JSON.parse(data) as JobSummary)
    },
    gap() {
      ended().then(end, () => undefined)
    },
  })
  return watch
}

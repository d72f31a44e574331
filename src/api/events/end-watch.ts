import type { LiveEvents } from './live-events.ts'
import type { Job, JobSummary } from '../../shared/job.ts'
import { MAX_TIMER_MS } from '../../shared/limits.ts'

/** A job that has ended; with its output when that came along. */
export type EndedJob = JobSummary | Job

export interface EndWatch {
  /** Resolves to the job when it has ended, to undefined when the time is over or the signal aborts. Ends the watch. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<EndedJob | undefined>
  /** Ends the watch without waiting. */
  cancel(): void
}

/**
 * @param release is called when the watch ends
 * @returns the watch, and a function that tells it of the end: the first job counts
 */
export function createEndWatch(release: () => void): { watch: EndWatch; end: (job: EndedJob | undefined) => void } {
  let job: EndedJob | undefined
  let wake = () => {}
  return {
    end(found) {
      job ??= found
      if (job) wake()
    },
    watch: {
      async wait(timeoutMs, signal) {
        let timer: NodeJS.Timeout | undefined
        const onAbort = () => wake()
        try {
          if (!job && !signal.aborted) {
            await new Promise<void>((resolve) => {
              wake = resolve
              timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMER_MS))
              signal.addEventListener('abort', onAbort)
            })
          }
          return job
        } finally {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          release()
        }
      },
      cancel: release,
    },
  }
}

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

import type { JobSummary } from '../../shared/job.ts'
import { MAX_TIMER_MS } from '../../shared/limits.ts'
import type { LiveEvents } from './live-events.ts'

export interface EndWatch {
  /** Resolves to the job when it has ended, to undefined when the time is over or the signal aborts. Ends the watch. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<JobSummary | undefined>
  /** Ends the watch without waiting. */
  cancel(): void
}

/**
 * Begins to watch for a job's end, before the job is queued, so that it cannot be missed.
 * @param ended reads the job if it has ended; used when the connection was lost for a moment
 */
export async function watchForEnd(
  live: LiveEvents,
  jobId: string,
  ended: () => Promise<JobSummary | undefined>,
): Promise<EndWatch> {
  let job: JobSummary | undefined
  let wake = () => {}
  const end = (found: JobSummary | undefined) => {
    job ??= found
    if (job) wake()
  }
  const unsubscribe = await live.subscribe(jobId, {
    event({ type, data }) {
      if (type === 'result') end(JSON.parse(data) as JobSummary)
    },
    gap() {
      ended().then(end, () => undefined)
    },
  })
  return {
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
        unsubscribe()
      }
    },
    cancel: unsubscribe,
  }
}

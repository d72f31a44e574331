import { MAX_TIMER_MS } from '../../shared/limits.ts'
import type { LiveEvents } from './live-events.ts'

export interface EndWatch {
  /** Resolves to true when the job has ended, to false when the time is over or the signal aborts. Ends the watch. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<boolean>
  /** Ends the watch without waiting. */
  cancel(): void
}

/**
 * Begins to watch for a job's end, before the job is queued, so that it cannot be missed.
 * @param isFinal asks the record; used when the connection was lost for a moment
 */
export async function watchForEnd(live: LiveEvents, jobId: string, isFinal: () => Promise<boolean>): Promise<EndWatch> {
  let ended = false
  let wake = () => {}
  const unsubscribe = await live.subscribe(jobId, {
    event({ type }) {
      if (type !== 'result') return
      ended = true
      wake()
    },
    gap() {
      isFinal().then(
        (final) => {
          ended ||= final
          if (final) wake()
        },
        () => undefined,
      )
    },
  })
  return {
    async wait(timeoutMs, signal) {
      let timer: NodeJS.Timeout | undefined
      const onAbort = () => wake()
      try {
        if (!ended && !signal.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve
            timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMER_MS))
            signal.addEventListener('abort', onAbort)
          })
        }
        return ended
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        unsubscribe()
      }
    },
    cancel: unsubscribe,
  }
}

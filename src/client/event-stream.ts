import type { GapEvent, JobEvent } from '../shared/job-event.ts'
import { type CallOptions, type Http, unreachable, withTimeout } from './http.ts'
import { pause, pauseBefore } from './retry.ts'
import { RunyardError } from './runyard-error.ts'
import { readEvents } from './sse.ts'

/** An event of a job as it comes. `gap` stands where events are no longer kept: the whole output is in the job. */
export type StreamedEvent = (JobEvent | GapEvent) & {
  /** Where the stream can be taken up again. */
  id: string
}

export interface StreamOptions extends CallOptions {
  /** `id` of the last event that was seen; from the first one when absent. */
  after?: string | undefined
}

/** The gateway writes at least every 15 s. */
const SILENCE_MS = 45_000

/**
 * The events of a job from its first to `result`, over as many connections as it takes, with nothing lost and nothing
 * twice. `fetch` reads them, since an EventSource cannot show a key.
 * @throws RunyardError when the stream is refused, or cannot be had any more; the signal's reason
 */
export async function* eventsOf(
  http: Http,
  id: string,
  options: StreamOptions = {},
): AsyncGenerator<StreamedEvent, void, void> {
  const { signal, retries = http.retries } = options
  let { after } = options
  for (let failures = 0; ;) {
    signal?.throwIfAborted()
    const limit = withTimeout(signal, SILENCE_MS)
    let error: RunyardError
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' }
      if (after !== undefined) headers['last-event-id'] = after
      const answer = await http.once(`/v1/jobs/${encodeURIComponent(id)}/events`, { headers }, limit.signal)
      if (answer.status === 204 || !answer.body) return
      for await (const event of readEvents(answer.body, () => limit.restart())) {
        failures = 0
        after = event.id
        yield event
        if (event.type === 'result') return
      }
      error = new RunyardError({ code: 'connection-closed', detail: `the event stream of job ${id} was cut` })
    } catch (cause) {
      signal?.throwIfAborted()
      error = cause instanceof RunyardError ? cause : unreachable(http.url, cause)
    } finally {
      limit.clear()
    }
    failures += 1
    const ms = pauseBefore(error, failures, retries)
    if (ms === undefined) throw error
    http.onRetry(error, ms)
    await pause(ms, signal)
  }
}

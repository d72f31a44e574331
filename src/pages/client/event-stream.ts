import { createParser } from 'eventsource-parser'
import type { GapEvent, JobEvent } from '../../shared/job-event.ts'
import { ApiProblem } from './api-problem.ts'
import type { Http } from './http.ts'

/** An event of a job as it comes; `gap` stands where events are no longer kept. */
export type StreamedEvent = (JobEvent | GapEvent) & { id: string }

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 8000

export interface EventStreamOptions {
  signal: AbortSignal
  /** Where the events are; those of one's own job unless given. */
  path?: string
  /** Told when the connection was lost and is sought again, and when it stands again. */
  onConnection?: (connected: boolean) => void
}

/**
 * The events of a job from its first to `result`, over as many connections as it takes, with nothing lost and nothing
 * twice. `fetch` reads them, since an EventSource cannot show a key.
 * @throws ApiProblem when the stream is refused; what may pass (no answer, 429, 5xx) is tried again without end
 */
export async function* eventsOf(http: Http, jobId: string, options: EventStreamOptions): AsyncGenerator<StreamedEvent> {
  const { signal, onConnection, path = `/v1/jobs/${jobId}/events` } = options
  let lastId: string | undefined
  let pauseMs = FIRST_PAUSE_MS
  while (!signal.aborted) {
    try {
      const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
      const answer = await http.fetch(path, { signal, headers })
      if (answer.status === 204 || !answer.body) return
      onConnection?.(true)
      for await (const event of parsed(answer.body)) {
        pauseMs = FIRST_PAUSE_MS
        lastId = event.id
        yield event
        if (event.type === 'result') return
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiProblem && !mayPass(error)) throw error
      if (error instanceof ApiProblem && error.retryAfterSeconds !== null) pauseMs = error.retryAfterSeconds * 1000
    }
    onConnection?.(false)
    await pause(pauseMs, signal)
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
  }
}

const mayPass = ({ status }: ApiProblem) => status === 0 || status === 429 || status >= 500

async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamedEvent> {
  const events: StreamedEvent[] = []
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      if (event && id) events.push({ type: event, id, data: JSON.parse(data) } as StreamedEvent)
    },
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      yield* events.splice(0)
    }
  } finally {
    // A stream that has failed cannot be cancelled, and need not.
    await reader.cancel().catch(() => undefined)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

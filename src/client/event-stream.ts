import { createParser } from 'eventsource-parser'
import type { GapEvent, JobEvent, SessionEvent } from './api-types.ts'
import { type CallOptions, type Http, policyOf, unreachable, withTimeout } from './http.ts'
import { retry } from './retry.ts'
import { RunyardError } from './runyard-error.ts'

/** An event of a job as it comes. `gap` stands where events are no longer kept: the whole output is in the job. */
export type StreamedEvent = (JobEvent | GapEvent) & {
  /** Where the stream can be taken up again. */
  id: string
}

/** An event of a session as it comes. `gap` stands where events are no longer kept. */
export type StreamedSessionEvent = (SessionEvent | GapEvent) & {
  /** Where the stream can be taken up again. */
  id: string
}

export interface StreamOptions extends CallOptions {
  /** `id` of the last event that was seen; from the first one when absent. */
  after?: string | undefined
  /** Told true whenever a connection stands, and false when it was lost and is made again. */
  onConnection?: ((connected: boolean) => void) | undefined
}

/** The gateway writes at least every 15 s. */
const SILENCE_MS = 45_000

/**
 * The events at a path of the service from the first to the last, over as many connections as it takes, with nothing lost and
 * nothing twice. `fetch` reads them, since an EventSource cannot show a key.
 * @param isLast whether no more come behind it
 * @throws RunyardError when the stream is refused, or cannot be had any more; the signal's reason
 */
export async function* eventsOf<Event extends { type: string; id: string }>(
  http: Http,
  path: string,
  options: StreamOptions = {},
  isLast: (event: Event) => boolean = ({ type }) => type === 'result',
): AsyncGenerator<Event, void, void> {
  const { signal, onConnection } = options
  let { after } = options
  let connection: AsyncGenerator<Event, void, void> | undefined
  /** The next event there is, over a new connection where there is none; undefined: there are no more. */
  const next = async (): Promise<Event | undefined> => {
    try {
      connection ??= connect<Event>(http, path, after, options)
      const { value } = await connection.next()
      return value ?? undefined
    } catch (error) {
      connection = undefined
      if (!signal?.aborted) onConnection?.(false)
      throw error
    }
  }
  try {
    for (;;) {
      const event = await retry(next, { ...policyOf(http.policy, options), signal })
      if (event === undefined) return
      after = event.id
      yield event
      if (isLast(event)) return
    }
  } finally {
    await connection?.return()
  }
}

/**
 * The events of one connection. Ends only where the service says that there are no more.
 * @throws RunyardError when it is refused, is silent or ends
 */
async function* connect<Event>(
  http: Http,
  path: string,
  after: string | undefined,
  { signal, onConnection }: StreamOptions,
): AsyncGenerator<Event, void, void> {
  const limit = withTimeout(signal, SILENCE_MS)
  try {
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (after !== undefined) headers['last-event-id'] = after
    const answer = await http.once(path, { headers }, limit.signal)
    if (answer.status === 204 || !answer.body) return
    onConnection?.(true)
    yield* readEvents<Event>(answer.body, () => limit.restart())
    throw new RunyardError({ code: 'connection-closed', detail: `the event stream ${path} was cut` })
  } catch (cause) {
    throw cause instanceof RunyardError ? cause : unreachable(http.url, cause)
  } finally {
    limit.clear()
  }
}

/**
 * The events of one response, as they come; those without a name or an id are none of ours.
 * @param onBytes called whenever something came, be it a comment
 * @throws what reading fails of; an event whose data is not JSON is one of these
 */
export async function* readEvents<Event>(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<Event, void, void> {
  const events: Event[] = []
  const parser = createParser({
    onEvent: ({ event: type, id, data }) => {
      if (type && id) events.push({ type, id, data: JSON.parse(data) as unknown } as Event)
    },
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes()
      parser.feed(decoder.decode(value, { stream: true }))
      yield* events.splice(0)
    }
  } finally {
    // A stream that has failed cannot be cancelled, and need not.
    await reader.cancel().catch(() => undefined)
  }
}

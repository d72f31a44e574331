import type { Redis } from 'ioredis'
import type { Keys } from '../../shared/redis/keys.ts'
import type { LiveEvents, StoredEvent } from './live-events.ts'

/** The stream id before every other. */
export const BEGINNING = '0-0'

/** Events read from the stream at a time: few at first, then as many as are about QUEUE_BYTES, at most. */
const FIRST_PAGE = 8
const MAX_PAGE = 200
/** Events that wait for a slow reader; beyond it they are forgotten here and read from the stream again. */
const QUEUE_BYTES = 256 * 1024

/**
 * Reads a job's events from any point on, until its result: those in the stream first, then as they are published, each
 * exactly once and in order. The subscription stands before the stream is read, so nothing falls between the two; an id not
 * above the last one is a double. A reader slower than the job costs a bounded queue, then it reads from the stream again.
 *
 * A stream keeps its last events only. Where a reader has to go on behind one that is no longer kept, it gets an event `gap`,
 * under the id it had before.
 */
export interface EventFeed {
  /**
   * Resolves when the subscription stands, so that a reader who cannot be served is told so before anything else.
   * @param after id of the last event the reader has, or BEGINNING
   * @param signal ends the reading, without an error, and the subscription, also of events that nobody reads
   * @throws Problem `unavailable` when Redis does not take the subscription soon; the reading when Redis fails
   */
  read(jobId: string, after: string, signal: AbortSignal): Promise<AsyncGenerator<StoredEvent, void, undefined>>
  /** Whether the job has got as far as this id: an id from elsewhere would hide what is to come. */
  known(jobId: string, id: string): Promise<boolean>
  /** The id of the last event that is stored; BEGINNING when there is none. */
  last(jobId: string): Promise<string>
  /** What is stored after this id: `more` events, none because all are `read`, or undefined: no event is stored at all. */
  rest(jobId: string, after: string): Promise<'more' | 'read' | undefined>
}

/** How a stream begins and ends. */
export interface StreamEnds {
  /** The type of the last event; where it ends in several ways, all of them. */
  last: string | readonly string[]
  /** Whether it is the first event of all. */
  isFirst: (event: StoredEvent) => boolean
}

/** @param ends those of a job unless given */
export function createEventFeed(
  redis: Redis,
  live: LiveEvents,
  keys: Keys,
  { last: lastTypes, isFirst }: StreamEnds = { last: 'result', isFirst: isFirstOfJob },
): EventFeed {
  const isEnd = ({ type }: StoredEvent) => [lastTypes].flat().includes(type)
  const entries = async (jobId: string, from: string, count: number): Promise<StoredEvent[]> => {
    const found = await redis.xrange(keys.events(jobId), from, '+', 'COUNT', count)
    return found.map(([id, [, type = '', , data = '']]) => ({ id, type, data }))
  }
  /** What is stored after an event, and whether it does not follow on that one. */
  const readPage = async (
    jobId: string,
    last: string,
    count: number,
  ): Promise<{ page: StoredEvent[]; isGap: boolean }> => {
    const [first, ...others] = await entries(jobId, last === BEGINNING ? '-' : last, count + 1)
    if (first?.id === last) return { page: others, isGap: false }
    if (!first) return { page: [], isGap: false }
    return { page: [first, ...others], isGap: last !== BEGINNING || !isFirst(first) }
  }
  const last = async (jobId: string): Promise<string> =>
    (await redis.xrevrange(keys.events(jobId), '+', '-', 'COUNT', 1))[0]?.[0] ?? BEGINNING
  return {
    last,
    known: async (jobId, id) => id === BEGINNING || compareIds(id, await last(jobId)) <= 0,
    async rest(jobId, after) {
      if ((await entries(jobId, `(${after}`, 1)).length > 0) return 'more'
      return (await redis.exists(keys.events(jobId))) === 1 ? 'read' : undefined
    },
    async read(jobId, after, signal) {
      let last = after
      let queue: StoredEvent[] = []
      let queuedBytes = 0
      let behind = true
      let wake = () => {}
      const unsubscribe = await live.subscribe(jobId, {
        event(event) {
          if (!behind) {
            queue.push(event)
            queuedBytes += event.data.length
            if (queuedBytes > QUEUE_BYTES) {
              queue = []
              behind = true
            }
          }
          wake()
        },
        gap() {
          behind = true
          wake()
        },
      })
      const end = () => {
        unsubscribe()
        wake()
      }
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
      const events = async function* (): AsyncGenerator<StoredEvent, void, undefined> {
        try {
          while (!signal.aborted) {
            if (behind) {
              behind = false
              queue = []
              queuedBytes = 0
              for (let count = FIRST_PAGE; ;) {
                const { page, isGap } = await readPage(jobId, last, count)
                if (isGap) yield gapBefore(page, last)
                for (const event of page) {
                  last = event.id
                  yield event
                  if (isEnd(event) || signal.aborted) return
                }
                // What was added since has been published too.
                if (page.length < count) break
                count = nextCount(page)
              }
            }
            for (let event = queue.shift(); event; event = queue.shift()) {
              queuedBytes -= event.data.length
              if (compareIds(event.id, last) <= 0) continue
              last = event.id
              yield event
              if (isEnd(event) || signal.aborted) return
            }
            if (!behind && queue.length === 0 && !signal.aborted) {
              await new Promise<void>((resolve) => (wake = resolve))
            }
          }
        } finally {
          signal.removeEventListener('abort', end)
          unsubscribe()
        }
      }
      return events()
    },
  }
}

/** The record of a job and this event of it are written in one. */
function isFirstOfJob({ type, data }: StoredEvent): boolean {
  return type === 'state' && (JSON.parse(data) as { attempt?: unknown }).attempt === 0
}

const gapBefore = ([first]: readonly StoredEvent[], last: string): StoredEvent => ({
  id: last,
  type: 'gap',
  data: JSON.stringify({ before: first?.id ?? null }),
})

/** How many events of the size of these are about as many as may wait. */
function nextCount(page: readonly StoredEvent[]): number {
  const bytes = page.reduce((sum, { data }) => sum + data.length, 0)
  return Math.min(MAX_PAGE, Math.max(1, Math.floor((QUEUE_BYTES * page.length) / Math.max(1, bytes))))
}

/** Whether a text has the form of a stream id, as `Last-Event-ID` must. */
export const isEventId = (text: string): boolean => /^\d{1,15}-\d{1,15}$/.test(text)

/** Order of two stream ids, `milliseconds-sequence`. */
export function compareIds(a: string, b: string): number {
  const [aTime = '', aSequence = ''] = a.split('-')
  const [bTime = '', bSequence = ''] = b.split('-')
  return Number(aTime) - Number(bTime) || Number(aSequence) - Number(bSequence)
}

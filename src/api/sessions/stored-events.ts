import { compareIds, type EventFeed } from '../events/event-feed.ts'
import type { StoredEvent } from '../events/live-events.ts'

/**
 * Those events of a session that are stored, from the one behind `after` up to `last`.
 * @param last an id that the session has got as far as: nothing is waited for then
 * @param signal ends the reading, without an error
 */
export async function* storedEvents(
  feed: Pick<EventFeed, 'read'>,
  session: string,
  after: string,
  last: string,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent, void, undefined> {
  const reading = new AbortController()
  const stop = () => reading.abort()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    for await (const event of await feed.read(session, after, reading.signal)) {
      const place = compareIds(event.id, last)
      if (place > 0) return
      yield event
      if (place === 0) return
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

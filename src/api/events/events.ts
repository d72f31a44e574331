import type { Redis } from 'ioredis'
import type { Keys } from '../../shared/redis/keys.ts'
import { createEventFeed, type EventFeed } from './event-feed.ts'
import { createLiveEvents, type LiveEvents } from './live-events.ts'

/** A job's events: as they come, and from any of them to the last. */
export interface Events {
  live: LiveEvents
  feed: EventFeed
}

export function createEvents({ redis, subscriber, keys }: { redis: Redis; subscriber: Redis; keys: Keys }): Events {
  const live = createLiveEvents(subscriber, keys)
  return { live, feed: createEventFeed(redis, live, keys) }
}

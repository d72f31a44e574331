import { SECOND } from '../../shared/limits.ts'
import type { Redis } from 'ioredis'
import { queueUnavailable } from '../../shared/problems.ts'
import type { Keys } from '../../shared/redis/keys.ts'

/** An event as it came from Redis; `data` is JSON. */
export interface StoredEvent {
  id: string
  type: string
  data: string
}

export interface EventListener {
  event(event: StoredEvent): void
  /** The connection was lost and is back: events may have passed unseen. */
  gap(): void
}

/** Events of jobs as they are published, for any number of listeners over one connection. */
export interface LiveEvents {
  /**
   * Resolves when events begin to arrive.
   * @returns a function that ends it
   * @throws Problem `unavailable` when Redis does not take the subscription soon
   */
  subscribe(jobId: string, listener: EventListener): Promise<() => void>
}

/**
 * @param subscriber a connection for nothing else; ioredis subscribes again by itself when it reconnects
 */
export function createLiveEvents(subscriber: Redis, keys: Keys): LiveEvents {
  const listeners = new Map<string, Set<EventListener>>()
  const subscribeSoon = createSubscribeSoon(subscriber)

  subscriber.on('message', (channel: string, message: string) => {
    const group = listeners.get(channel)
    // The connection has other channels too.
    if (!group) return
    const first = message.indexOf(' ')
    const second = message.indexOf(' ', first + 1)
    const event = {
      id: message.slice(0, first),
      type: message.slice(first + 1, second),
      data: message.slice(second + 1),
    }
    for (const listener of group) listener.event(event)
  })
  subscriber.on('ready', () => {
    for (const group of listeners.values()) for (const listener of group) listener.gap()
  })

  const leave = (channel: string, listener: EventListener) => {
    const group = listeners.get(channel)
    if (!group?.delete(listener) || group.size > 0) return
    listeners.delete(channel)
    subscriber.unsubscribe(channel).catch(() => undefined)
  }

  return {
    async subscribe(jobId, listener) {
      // This connection would wait for its Redis; whoever subscribes has somebody waiting.
      if (subscriber.status !== 'ready') throw queueUnavailable()
      const channel = keys.events(jobId)
      const group = listeners.get(channel) ?? new Set()
      group.add(listener)
      listeners.set(channel, group)
      try {
        // Asking again for a channel that is subscribed is harmless, and waits for the first request to be through.
        await subscribeSoon(channel)
      } catch (error) {
        leave(channel, listener)
        throw error
      }
      return () => leave(channel, listener)
    },
  }
}

/** As long as other commands of the gateway may take. */
const TIMEOUT_MS = 5 * SECOND

/**
 * Subscriptions for somebody who waits, on a connection that itself waits for its Redis however long that takes.
 * @param subscriber a connection that only subscribes
 * @returns a function that resolves when a channel is subscribed
 * @throws Problem `unavailable`, from that function, when the connection is lost meanwhile or Redis says nothing. The
 * subscription may come about later all the same
 */
export function createSubscribeSoon(subscriber: Redis): (channel: string) => Promise<void> {
  const waiting = new Set<() => void>()
  subscriber.on('close', () => {
    for (const giveUp of waiting) giveUp()
  })
  return (channel) =>
    new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer)
        waiting.delete(giveUp)
        outcome()
      }
      const giveUp = () => settle(() => reject(queueUnavailable()))
      const timer = setTimeout(giveUp, TIMEOUT_MS)
      waiting.add(giveUp)
      subscriber.subscribe(channel).then(
        () => settle(resolve),
        (error: unknown) => settle(() => reject(queueUnavailable(error))),
      )
    })
}

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
   * Resolves when events begin to arrive. A connection that was lost may come back meanwhile, as it does in a failover.
   * @returns a function that ends it
   * @throws Problem `unavailable` when Redis does not take the subscription soon
   */
  subscribe(jobId: string, listener: EventListener): Promise<() => void>
}

/**
 * @param subscriber a connection that waits for its Redis and only subscribes; it subscribes again by itself when it reconnects
 * @param patienceMs how long somebody who subscribes is kept waiting at most
 */
export function createLiveEvents(subscriber: Redis, keys: Keys, patienceMs = PATIENCE_MS): LiveEvents {
  const listeners = new Map<string, Set<EventListener>>()

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
    if (listeners.size === 0) return
    // ioredis subscribes again by itself; this waits for that: whoever looks before it may miss what comes in between.
    subscriber.subscribe(...listeners.keys()).then(
      () => {
        for (const group of listeners.values()) for (const listener of group) listener.gap()
      },
      () => undefined,
    )
  })

  const leave = (channel: string, listener: EventListener) => {
    const group = listeners.get(channel)
    if (!group?.delete(listener) || group.size > 0) return
    listeners.delete(channel)
    subscriber.unsubscribe(channel).catch(() => undefined)
  }

  return {
    async subscribe(jobId, listener) {
      const channel = keys.events(jobId)
      const group = listeners.get(channel) ?? new Set()
      group.add(listener)
      listeners.set(channel, group)
      try {
        // Asking again for a channel that is subscribed is harmless, and waits for the first request to be through.
        await soon(subscriber.subscribe(channel), patienceMs)
      } catch (error) {
        leave(channel, listener)
        throw error
      }
      return () => leave(channel, listener)
    },
  }
}

/** As long as other commands of the gateway may take. */
const PATIENCE_MS = 5 * SECOND

/**
 * Waits for a subscription for somebody who waits: the connection waits for its Redis however long that takes.
 * @throws Problem `unavailable` when that is not soon. The subscription may come about later all the same
 */
async function soon(subscription: Promise<unknown>, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(queueUnavailable()), patienceMs)
  })
  const subscribed = subscription.catch((error: unknown) => {
    throw queueUnavailable(error)
  })
  await Promise.race([subscribed, late]).finally(() => clearTimeout(timer))
}

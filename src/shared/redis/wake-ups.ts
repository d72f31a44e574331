import type { Redis } from 'ioredis'

export type Wake = (message?: string) => void

/**
 * Tells listeners of a channel that there is something to look at. A message may be missed while the connection is away: a listener looks
 * at what there is, from where it left off.
 */
export interface WakeUps {
  /**
   * Resolves when the channel is listened on; what was written before must be looked at once then.
   * @param wake is called with each message, and with none when the connection is back after a loss
   * @returns a function that ends it
   */
  listen(channel: string, wake: Wake): Promise<() => void>
}

/** @param subscriber a connection that only subscribes, shared with others */
export function createWakeUps(subscriber: Redis): WakeUps {
  const listeners = new Map<string, Set<Wake>>()

  const leave = (channel: string, wake: Wake) => {
    const group = listeners.get(channel)
    if (!group?.delete(wake) || group.size > 0) return
    listeners.delete(channel)
    subscriber.unsubscribe(channel).catch(() => undefined)
  }

  subscriber.on('message', (channel: string, message: string) => {
    for (const wake of listeners.get(channel) ?? []) wake(message)
  })
  subscriber.on('ready', () => {
    if (listeners.size === 0) return
    // ioredis subscribes again by itself; this waits for that.
    subscriber.subscribe(...listeners.keys()).then(
      () => {
        for (const group of listeners.values()) for (const wake of group) wake()
      },
      () => undefined,
    )
  })

  return {
    async listen(channel, wake) {
      const group = listeners.get(channel) ?? new Set()
      group.add(wake)
      listeners.set(channel, group)
      try {
        await subscriber.subscribe(channel)
      } catch (error) {
        leave(channel, wake)
        throw error
      }
      return () => leave(channel, wake)
    },
  }
}

import type { Redis } from 'ioredis'
import { SECOND } from '../../shared/limits.ts'
import { queueUnavailable } from '../../shared/problems.ts'

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

import type { Redis } from 'ioredis'
import type { Core } from '../core.ts'

/** A call as the client that cancels it names it. */
export interface CallName {
  tenant: string
  keyId: string | null
  /** The `Mcp-Session-Id` of the client, in which alone its ids are unique. */
  session: string
  requestId: string | number
}

/**
 * Calls that clients of before 2026-07-28 cancel by a request of its own, which any gateway may get: each tells all of them, and
 * the one that holds the call ends it.
 */
export interface Cancellations {
  /** Ends the call of this name on whichever gateway it is. Nothing happens when there is none. */
  cancel: (call: CallName) => Promise<void>
  /** @returns forgets the call */
  watch: (call: CallName, cancelled: () => void) => () => void
  close: () => void
}

export function createCancellations({
  redis,
  subscriber,
  keys,
}: Pick<Core, 'redis' | 'subscriber' | 'keys'>): Cancellations {
  const channel = keys.mcpCancellations
  const calls = new Map<string, () => void>()
  const onMessage = (from: string, name: string) => {
    if (from === channel) calls.get(name)?.()
  }
  const listen = () => {
    subscriber.subscribe(channel).catch(() => undefined)
  }
  subscriber.on('message', onMessage)
  subscriber.on('ready', listen)
  if (subscriber.status === 'ready') listen()
  return {
    async cancel(call) {
      await publish(redis, channel, nameOf(call))
    },
    watch(call, cancelled) {
      const name = nameOf(call)
      calls.set(name, cancelled)
      return () => {
        if (calls.get(name) === cancelled) calls.delete(name)
      }
    },
    close() {
      subscriber.off('message', onMessage)
      subscriber.off('ready', listen)
    },
  }
}

const publish = (redis: Redis, channel: string, message: string) => redis.publish(channel, message)

const nameOf = ({ tenant, keyId, session, requestId }: CallName): string =>
  JSON.stringify([tenant, keyId, session, requestId])

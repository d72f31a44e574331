import type { Redis } from 'ioredis'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { MAX_TIMER_MS, SECOND } from '../../shared/limits.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { retry } from '../../shared/retry.ts'

/**
 * Tells routes that stay open when their caller's key ends. Every other request reads the key from Redis and needs nothing of
 * this.
 *
 * The id of a revoked key is published, and one channel is listened on for as long as the gateway runs. A message can be
 * missed: before the channel is subscribed, while the connection is away, between the reading of a key and its watch. So a
 * key is looked at again when its watch begins, and all of them after each subscription.
 */
export interface Revocations {
  /**
   * @param expiresAt RFC 3339, or null
   * @returns a signal that aborts when the key is revoked or expires; `release` when nobody looks at it any more
   */
  watch: (keyId: string, expiresAt: string | null) => { signal: AbortSignal; release: () => void }
  /** How many watches there are that were not released. */
  readonly watched: number
}

/** Between two tries to look at a key while Redis is away. */
const RETRY_MS = SECOND

interface Watch {
  keyId: string
  end: () => void
}

/** @param subscriber a connection that only subscribes, shared with others */
export function createRevocations(subscriber: Redis, keys: Keys, apiKeys: Pick<ApiKeys, 'find'>): Revocations {
  const watches = new Set<Watch>()

  const look = async (watch: Watch): Promise<void> => {
    const find = async () => (watches.has(watch) ? apiKeys.find(watch.keyId) : undefined)
    const key = await retry(find, { pauseMs: () => RETRY_MS, ref: false })
    if (watches.has(watch) && (!key || key.revokedAt !== null)) watch.end()
  }
  const lookAtAll = () => {
    for (const watch of watches) void look(watch)
  }
  const listen = () => {
    // ioredis subscribes again by itself; this waits for that.
    subscriber.subscribe(keys.revocations).then(lookAtAll, () => undefined)
  }

  subscriber.on('message', (channel: string, keyId: string) => {
    if (channel !== keys.revocations) return
    for (const watch of watches) if (watch.keyId === keyId) watch.end()
  })
  subscriber.on('ready', listen)
  if (subscriber.status === 'ready') listen()

  return {
    watch(keyId, expiresAt) {
      const controller = new AbortController()
      const watch: Watch = { keyId, end: () => controller.abort() }
      const lifeMs = expiresAt === null ? MAX_TIMER_MS : Math.min(Date.parse(expiresAt) - Date.now(), MAX_TIMER_MS)
      const timer = setTimeout(watch.end, lifeMs).unref()
      watches.add(watch)
      void look(watch)
      return {
        signal: controller.signal,
        release() {
          clearTimeout(timer)
          watches.delete(watch)
        },
      }
    },
    get watched() {
      return watches.size
    },
  }
}

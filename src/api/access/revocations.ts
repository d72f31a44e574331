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
 * missed: before the channel is subscribed, and while the connection is away. So all keys are looked at after each subscription, and
 * one when its watch begins, unless the channel was subscribed without a break that is known since before the key was read: what was
 * said of it between its reading and its watch is remembered.
 */
export interface Revocations {
  /** Which subscription hears now; undefined when none does. To be asked before a key is read. */
  readonly subscription: number | undefined
  /**
   * @param expiresAt RFC 3339, or null
   * @param since the subscription that heard when the key was read
   * @returns a signal that aborts when the key is revoked or expires; `release` when nobody looks at it any more
   */
  watch: (
    keyId: string,
    expiresAt: string | null,
    since: number | undefined,
  ) => { signal: AbortSignal; release: () => void }
  /** How many watches there are that were not released. */
  readonly watched: number
}

/** Between two tries to look at a key while Redis is away. */
const RETRY_MS = SECOND
/** Ids of keys that were revoked last. A watch that begins later than so many after its key was read is no watch of a request. */
const MOST_REMEMBERED = 10_000

interface Watch {
  keyId: string
  end: () => void
}

/** @param subscriber a connection that only subscribes, shared with others */
export function createRevocations(subscriber: Redis, keys: Keys, apiKeys: Pick<ApiKeys, 'find'>): Revocations {
  const watches = new Set<Watch>()
  let revoked = new Set<string>()
  let last = 0
  let subscription: number | undefined

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
    subscriber.subscribe(keys.revocations).then(
      () => {
        subscription = ++last
        lookAtAll()
      },
      () => undefined,
    )
  }
  const remember = (keyId: string) => {
    if (revoked.size >= MOST_REMEMBERED) {
      revoked = new Set()
      // Who read a key before this looks again.
      if (subscription !== undefined) subscription = ++last
    }
    revoked.add(keyId)
  }

  subscriber.on('message', (channel: string, keyId: string) => {
    if (channel !== keys.revocations) return
    remember(keyId)
    for (const watch of watches) if (watch.keyId === keyId) watch.end()
  })
  subscriber.on('close', () => (subscription = undefined))
  subscriber.on('ready', listen)
  if (subscriber.status === 'ready') listen()

  return {
    get subscription() {
      return subscription
    },
    watch(keyId, expiresAt, since) {
      const controller = new AbortController()
      const watch: Watch = { keyId, end: () => controller.abort() }
      const lifeMs = expiresAt === null ? MAX_TIMER_MS : Math.min(Date.parse(expiresAt) - Date.now(), MAX_TIMER_MS)
      const timer = setTimeout(watch.end, lifeMs).unref()
      watches.add(watch)
      if (since === undefined || since !== subscription) void look(watch)
      // Whoever asks for the signal listens to it first.
      else if (revoked.has(keyId)) queueMicrotask(watch.end)
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

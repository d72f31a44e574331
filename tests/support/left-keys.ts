import type { Redis } from 'ioredis'

/** What has no lifetime because it is to stay. */
const LASTING =
  /^(runtimes|keys?|key:.*|allowed|block:.*|blocks|security-events|security-counts|alerts:.*|problem:.*|problems-of:.*|environments|package-bans)$/

/** Keys of the namespace without a lifetime, but for those that are to stay and those BullMQ keeps for the queue itself. */
export async function leftKeys(redis: Redis, namespace: string): Promise<string[]> {
  const left: string[] = []
  for (const key of await redis.keys(`{${namespace}}:*`)) {
    const queueOwn = /^:(?:jobs|webhooks|sessions|environment-builds|similarity):/.test(key.slice(namespace.length + 2))
    const lasting = LASTING.test(key.slice(namespace.length + 3))
    if (!queueOwn && !lasting && (await redis.ttl(key)) === -1) left.push(key)
  }
  return left
}

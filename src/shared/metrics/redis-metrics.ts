import type { Redis } from 'ioredis'
import { Gauge, type Registry } from 'prom-client'
import { SECOND } from '../limits.ts'

/** Whoever scrapes waits ten seconds by default; there is more to tell than this. */
const TIMEOUT_MS = 2 * SECOND

/** @throws Error when it does not settle in time: a connection may wait for its Redis for ever */
export async function soon<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis said nothing for ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
  })
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

/**
 * How this process reaches its Redis.
 * @param connection is asked for when somebody reads
 * @returns a function that asks; what it returns is whether Redis answered
 */
export function createRedisMetrics(connection: () => Redis, registers: Registry[]): () => Promise<boolean> {
  const up = new Gauge({ name: 'runyard_redis_up', help: 'Whether Redis answers this process: 1 or 0', registers })
  const ping = new Gauge({
    name: 'runyard_redis_ping_seconds',
    help: 'How long Redis took for the last answer to this process',
    registers,
  })
  return async () => {
    const redis = connection()
    const begun = performance.now()
    const answered =
      redis.status === 'ready' &&
      (await soon(redis.ping()).then(
        () => true,
        () => false,
      ))
    up.set(answered ? 1 : 0)
    if (answered) ping.set((performance.now() - begun) / SECOND)
    return answered
  }
}

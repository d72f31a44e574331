import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../../src/shared/config/config.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { createKeys, type Keys } from '../../../src/shared/redis/keys.ts'
import { testRoot } from '../../support/platform.ts'

export interface TestRedis {
  /** Another connection to the same Redis, ready. */
  connect: () => Promise<Redis>
  redis: Redis
  keys: Keys
  namespace: string
  /** Removes every key of the namespace, and ends every connection. */
  close: () => Promise<void>
}

/** Connections to the run's Redis, in a namespace of their own. */
export async function openTestRedis(): Promise<TestRedis> {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  const namespace = `test-${randomBytes(4).toString('hex')}`
  const connections: Redis[] = []
  const connect = async () => {
    const redis = connectRedis(address, 'fail-fast', 'test', pino({ level: 'silent' }))
    connections.push(redis)
    if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve))
    return redis
  }
  const redis = await connect()
  return {
    connect,
    redis,
    keys: createKeys(namespace),
    namespace,
    async close() {
      const left = await redis.keys(`{${namespace}}:*`)
      if (left.length > 0) await redis.del(...left)
      // ioredis arms a timer for a connection that has ended already.
      for (const connection of connections) if (connection.status !== 'end') connection.disconnect()
    },
  }
}

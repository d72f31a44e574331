import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createJobQueue, type JobQueue } from '../../src/shared/redis/job-queue.ts'
import { createKeys, type Keys } from '../../src/shared/redis/keys.ts'
import { type TestPlatform, testRoot } from './platform.ts'

/** Does something with what a platform keeps in Redis. */
export async function withInside<T>(
  platform: TestPlatform,
  work: (inside: { redis: Redis; keys: Keys; queue: JobQueue }) => Promise<T>,
): Promise<T> {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  const redis = connectRedis(address, 'wait', 'test-inside', pino({ level: 'silent' }))
  const keys = createKeys(platform.namespace)
  const queue = createJobQueue(redis, keys)
  try {
    return await work({ redis, keys, queue })
  } finally {
    await queue.close()
    redis.disconnect()
  }
}

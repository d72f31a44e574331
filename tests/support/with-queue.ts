import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createJobQueue, type JobQueue } from '../../src/shared/redis/job-queue.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { type TestPlatform, testRoot } from './platform.ts'

/** Does something with the queue of a platform. */
export async function withQueue<T>(platform: TestPlatform, work: (queue: JobQueue) => Promise<T>): Promise<T> {
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  const redis = connectRedis(address, 'wait', 'test-queue', pino({ level: 'silent' }))
  const queue = createJobQueue(redis, createKeys(platform.namespace))
  try {
    return await work(queue)
  } finally {
    await queue.close()
    redis.disconnect()
  }
}

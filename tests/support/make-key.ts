import type { NewApiKey } from '../../src/shared/access/new-api-key.ts'
import { loadServices } from './load-services.ts'
import { type TestPlatform, testRoot } from './platform.ts'

/** Makes an API key on a platform. @returns the header that shows it */
export async function makeKey(
  platform: TestPlatform,
  tenant: string,
  fields: Partial<NewApiKey> = {},
): Promise<{ authorization: string }> {
  const { connectRedis, createApiKeys, createKeys, loadConfig, pino } = await loadServices()
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  const redis = connectRedis(address, 'wait', 'test-keys', pino({ level: 'silent' }))
  try {
    const { secretKey } = await createApiKeys(redis, createKeys(platform.namespace)).create({
      name: 'test',
      tenant,
      ...fields,
    })
    return { authorization: `Bearer ${secretKey}` }
  } finally {
    redis.disconnect()
  }
}

import { join } from 'node:path'
import { Redis } from 'ioredis'
import { socketFolderPath } from '../shared/socket-folder.ts'
import { redisOptions } from '../shared/redis/connect.ts'
import { createKeys, type Keys } from '../shared/redis/keys.ts'
import type { CliContext } from './context.ts'
import { EXIT, ExitError } from './exit.ts'

const ANSWER_MS = 5_000

/**
 * Does something on the Redis of this installation: that of `REDIS_URL`, else the one `npm start` runs for the data
 * directory.
 * @throws ExitError when it does not answer; whatever `work` throws
 */
export async function withRedis<T>(context: CliContext, work: (redis: Redis, keys: Keys) => Promise<T>): Promise<T> {
  const { redis: address, dataDir, namespace, timeoutFactor } = context.config
  const options = {
    connectionName: 'runyard-cli',
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWER_MS * timeoutFactor,
    commandTimeout: ANSWER_MS * timeoutFactor,
  }
  const own = { kind: 'path', path: join(socketFolderPath(dataDir), 'redis.sock'), db: 0 } as const
  const redis = new Redis({ ...redisOptions(address ?? own, () => null), ...options })
  let cause = 'no answer'
  redis.on('error', (error: Error) => (cause = error.message))
  await redis.connect().catch(() => {
    throw new ExitError(
      EXIT.unavailable,
      address === undefined
        ? `no Runyard runs on ${dataDir}; start it with npm start, or set REDIS_URL to the Redis in use`
        : `the Redis of REDIS_URL does not answer (${cause}); start it, or set REDIS_URL to the one in use`,
    )
  })
  try {
    return await work(redis, createKeys(namespace))
  } finally {
    redis.disconnect()
  }
}

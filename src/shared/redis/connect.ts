import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisAddress } from '../config/config.ts'

/**
 * How a connection treats a Redis that is away. `fail-fast`: a command fails at once, for callers that have somebody
 * waiting. `wait`: a command waits until Redis is back, for workers, whose work must not be lost.
 */
export type Patience = 'fail-fast' | 'wait'

/** A Redis that takes longer is as good as away, for somebody who waits. */
const COMMAND_TIMEOUT_MS = 5000

/**
 * Opens a connection. It reconnects by itself, at most 1 s apart; errors go to the log once each time it is lost.
 * @param name shown by `CLIENT LIST`
 */
export function connectRedis(address: RedisAddress, patience: Patience, name: string, log: Logger): Redis {
  const options = {
    connectionName: name,
    enableOfflineQueue: patience === 'wait',
    maxRetriesPerRequest: patience === 'wait' ? null : 1,
    ...(patience === 'fail-fast' && { commandTimeout: COMMAND_TIMEOUT_MS }),
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 5), 1000),
    keepAlive: 5000,
    connectTimeout: 5000,
  }
  const redis =
    address.kind === 'url'
      ? new Redis(address.url, options)
      : new Redis({ ...options, path: address.path, db: address.db })
  let lost = false
  redis.on('error', (err: Error) => {
    if (!lost) log.error({ err, connection: name }, 'redis connection lost')
    lost = true
  })
  redis.on('ready', () => {
    if (lost) log.info({ connection: name }, 'redis connection restored')
    lost = false
  })
  return redis
}

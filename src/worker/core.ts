import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { type Config, ConfigError } from '../shared/config/config.ts'
import { connectRedis } from '../shared/redis/connect.ts'
import { createKeys, type Keys } from '../shared/redis/keys.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'

/** What every part of a worker is made with. */
export interface WorkerCore {
  /** The worker's id. */
  id: string
  config: Config
  keys: Keys
  /** A `wait` connection. */
  redis: Redis
  /** Another one, for channels. */
  subscriber: Redis
  /** Another one, for what is long: nothing that a job waits for waits behind it. */
  bulk: Redis
  tracing: Tracing | undefined
  log: Logger
  /** Ends the connections. */
  close: () => void
}

/** @throws ConfigError when Redis is not configured */
export function connectCore(id: string, config: Config, log: Logger, tracing: Tracing | undefined): WorkerCore {
  if (!config.redis) throw new ConfigError('REDIS_URL is not set; a worker needs one')
  const redis = connectRedis(config.redis, 'wait', 'runyard-worker', log)
  const subscriber = connectRedis(config.redis, 'wait', 'runyard-worker-events', log)
  const bulk = connectRedis(config.redis, 'wait', 'runyard-worker-bulk', log)
  const close = () => [bulk, subscriber, redis].forEach((connection) => connection.disconnect())
  return { id, config, keys: createKeys(config.namespace), redis, subscriber, bulk, tracing, log, close }
}

import { once } from 'node:events'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { type Config, ConfigError } from '../shared/config/config.ts'
import { SECOND } from '../shared/limits.ts'
import { connectRedis } from '../shared/redis/connect.ts'
import { createKeys, type Keys } from '../shared/redis/keys.ts'
import type { Tracing } from '../shared/tracing/tracing.ts'

/** What every feature of the gateway is made with. What one needs of another it is given by name; see `start.ts`. */
export interface Core {
  config: Config
  /** Folder with `languages/`, and `dist/pages/` if there are to be pages. */
  root: string
  log: Logger
  /** Undefined when there are no traces. */
  tracing: Tracing | undefined
  /** Names of what lies in Redis. */
  keys: Keys
  /** Fails at once while Redis is away. */
  redis: Redis
  /** The same for what may be long: nothing else waits behind it. */
  bulk: Redis
  /** Only subscribes. */
  subscriber: Redis
  /** Aborts when the gateway closes. */
  closing: AbortSignal
  /** One more connection that fails at once, for what must not be ordered behind others. It ends with the gateway. */
  connect: (name: string) => Redis
}

export interface OwnedCore {
  core: Core
  /** Resolves when every connection stands, or after a while without: a gateway that starts before its Redis serves 503 until it is there. */
  connected: () => Promise<void>
  /** Tells what is held open that the gateway closes. */
  beginToClose: () => void
  /** Ends the connections, the last first. */
  disconnect: () => void
}

const FIRST_CONNECTION_MS = 5 * SECOND

/** @throws ConfigError when Redis is not configured */
export function createCore(config: Config, root: string, log: Logger, tracing: Tracing | undefined): OwnedCore {
  const address = config.redis
  if (!address) throw new ConfigError('REDIS_URL is not set; the gateway needs one')
  const connections: Redis[] = []
  const open = (kind: 'fail-fast' | 'wait', name: string) => {
    const connection = connectRedis(address, kind, name, log)
    connections.push(connection)
    return connection
  }
  const closing = new AbortController()
  const core: Core = {
    config,
    root,
    log,
    tracing,
    keys: createKeys(config.namespace),
    subscriber: open('wait', 'runyard-api-events'),
    redis: open('fail-fast', 'runyard-api'),
    bulk: open('fail-fast', 'runyard-api-output'),
    closing: closing.signal,
    connect: (name) => open('fail-fast', name),
  }
  return {
    core,
    connected: async () => void (await Promise.all(connections.map(firstConnection))),
    beginToClose: () => closing.abort(),
    disconnect: () => connections.toReversed().forEach((connection) => connection.disconnect()),
  }
}

async function firstConnection(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  await once(redis, 'ready', { signal: AbortSignal.timeout(FIRST_CONNECTION_MS) }).catch(() => undefined)
}

import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisAddress } from '../config/config.ts'
import { clusterConnector, type ConnectionOptions } from './cluster-connector.ts'
import { DirectConnector } from './direct-connector.ts'
import { CodedRedis } from './redis-away.ts'
import { PatientSentinelConnector } from './sentinel-connector.ts'

/**
 * How a connection treats a Redis that is away. `fail-fast`: a command fails at once, for callers that have somebody
 * waiting. `wait`: a command waits until Redis is back, for workers, whose work must not be lost.
 */
export type Patience = 'fail-fast' | 'wait'

/** A Redis that takes longer is as good as away, for somebody who waits. */
const COMMAND_TIMEOUT_MS = 5000
const CONNECT_MS = 5000
/** A connection on which nothing comes for so long though something was asked is dead. Longer than any command blocks. */
const SILENCE_MS = 15_000
/** On a connection that only listens nothing is asked otherwise. */
const PING_MS = 5_000

/**
 * Opens a connection to the Redis that writes are for: the server itself, the master the sentinels name, or the owner of our slot in
 * a cluster. It reconnects by itself, at most 1 s apart, to whichever that is by then; errors go to the log once each time it is lost.
 * @param name shown by `CLIENT LIST`
 */
export function connectRedis(address: RedisAddress, patience: Patience, name: string, log: Logger): Redis {
  const redis = new CodedRedis({
    ...redisOptions(address, backOff),
    connectionName: name,
    enableOfflineQueue: patience === 'wait',
    maxRetriesPerRequest: patience === 'wait' ? null : 1,
    ...(patience === 'fail-fast' && { commandTimeout: COMMAND_TIMEOUT_MS }),
    keepAlive: 5000,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  })
  let lost = false
  redis.on('error', (err: Error) => {
    if (!lost) log.error({ err, connection: name }, 'redis connection lost')
    lost = true
  })
  redis.on('ready', () => {
    if (lost) log.info({ connection: name }, 'redis connection restored')
    lost = false
  })
  keepAsking(redis)
  return redis
}

/**
 * What ioredis has to know of an address.
 * @param backOffMs pause after so many tries to connect; null: no further try
 */
export function redisOptions(address: RedisAddress, backOffMs: (attempt: number) => number | null): ConnectionOptions {
  const { username, password } = address
  const options: ConnectionOptions = {
    Connector: DirectConnector,
    retryStrategy: backOffMs,
    sentinelRetryStrategy: backOffMs,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
  if (address.kind === 'path') return { ...options, path: address.path, db: address.db }
  // What was the master until now says so; the next connection is to the new one.
  options.reconnectOnError = (error) => (NOT_MASTER.has(replyCode(error)) ? 2 : false)
  if (address.tls) options.tls = { ...address.tls }
  switch (address.kind) {
    case 'server':
      return { ...options, ...address.node, db: address.db }
    case 'sentinel':
      return {
        ...options,
        sentinels: address.sentinels,
        name: address.master,
        db: address.db,
        ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
        ...(address.tls && { enableTLSForSentinelMode: true, sentinelTLS: { ...address.tls } }),
        failoverDetector: true,
        Connector: PatientSentinelConnector,
      }
    case 'cluster':
      return { ...options, Connector: clusterConnector(address, options, backOffMs) }
  }
}

/** Answers of a server that is not the one to write to (any more), or not yet. */
const NOT_MASTER = new Set(['READONLY', 'MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'UNBLOCKED'])

/** The code of an error that Redis answered: by its protocol the first word. */
const replyCode = (error: Error): string => error.message.split(' ', 1)[0] ?? ''

const backOff = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1000)

/** Has a connection that is silent for long notice that nobody is there. */
function keepAsking(redis: Redis): void {
  const timer = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined)
  }, PING_MS).unref()
  redis.on('end', () => clearInterval(timer))
}

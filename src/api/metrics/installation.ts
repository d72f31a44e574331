import type { Redis } from 'ioredis'
import { SECOND } from '../../shared/limits.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { readWaiting, type Waiting } from './waiting-jobs.ts'

/** How the whole installation stands, as Redis knows it. */
export interface Installation {
  queued: Waiting
  delayed: number
  running: number
  /** How long the job that has waited longest does, in seconds; 0 when none waits. */
  oldestSeconds: number
  waitingBytes: number
  waitingTenants: number
  storedBytes: number
  storedJobs: number
  files: number
  /** Of files and of uploads that are under way. */
  fileBytes: number
  pendingDeliveries: number
  /** Pending ones whose attempt was due a minute ago. */
  overdueDeliveries: number
  /** Addresses and keys. */
  blocked: number
  redis: RedisState
}

/** What Redis says of itself; undefined where it does not say it. */
export interface RedisState {
  usedBytes: number | undefined
  /** What it may use: its `maxmemory`, else all the memory of its machine. */
  boundBytes: number | undefined
  /** Whether its last writes to disk succeeded. */
  isPersisting: boolean | undefined
  clients: number | undefined
}

const OVERDUE_MS = 60 * SECOND

/** @throws when Redis fails */
export async function readInstallation(redis: Redis, keys: Keys): Promise<Installation> {
  const [seconds, micros] = await redis.time()
  const nowMs = Number(seconds) * SECOND + Math.floor(Number(micros) / SECOND)
  const [
    queued,
    delayed,
    running,
    oldest,
    waitingBytes,
    stored,
    storedJobs,
    files,
    fileBytes,
    pending,
    overdue,
    blocked,
    said,
  ] = await Promise.all([
    readWaiting(redis, keys),
    redis.zcard(keys.delayed),
    redis.zcount(keys.running, nowMs, '+inf'),
    redis.zrange(keys.queued, '0', '0', 'WITHSCORES'),
    redis.hget(keys.waitingBytes, 'all'),
    redis.hget(keys.stored, 'all'),
    redis.zcard(keys.finished),
    redis.zcard(keys.fileExpiry),
    redis.hget(keys.fileBytes, 'all'),
    redis.zcard(keys.pendingDeliveries),
    redis.zcount(keys.pendingDeliveries, '-inf', nowMs - OVERDUE_MS),
    redis.zcount(keys.blocks, nowMs, '+inf'),
    // Where an operator of Redis keeps it to himself.
    redis.info().catch(() => ''),
  ])
  const since = oldest[1] === undefined ? nowMs : Number(oldest[1])
  return {
    queued: queued.jobs,
    delayed,
    running,
    oldestSeconds: Math.max(0, nowMs - since) / SECOND,
    waitingBytes: Number(waitingBytes ?? 0),
    waitingTenants: queued.tenants,
    storedBytes: Number(stored ?? 0),
    storedJobs,
    files,
    fileBytes: Number(fileBytes ?? 0),
    pendingDeliveries: pending,
    overdueDeliveries: overdue,
    blocked,
    redis: parseInfo(said),
  }
}

/** @param text of `INFO` */
export function parseInfo(text: string): RedisState {
  const fields = new Map(
    text.split(/\r?\n/).map((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1)]),
  )
  const number = (name: string) => (fields.has(name) ? Number(fields.get(name)) : undefined)
  const writes = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status']
    .map((name) => fields.get(name))
    .filter((status) => status !== undefined)
  return {
    usedBytes: number('used_memory'),
    boundBytes: number('maxmemory') || number('total_system_memory') || undefined,
    isPersisting: writes.length === 0 ? undefined : writes.every((status) => status === 'ok'),
    clients: number('connected_clients'),
  }
}

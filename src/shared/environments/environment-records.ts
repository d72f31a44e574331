import type { Redis } from 'ioredis'
import { v7 as uuid } from 'uuid'
import { QUEUED_TTL_SECONDS } from '../jobs/recorded-job.ts'
import { TELL } from '../jobs/scripts/common.ts'
import { MINUTE } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { EXTEND } from '../redis/extend-script.ts'
import { createQueue } from '../redis/queue.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import {
  type EnvironmentOrigin,
  type EnvironmentRecord,
  isOver,
  type KeptEnvironment,
  type PackageBan,
} from './environment.ts'
import { PACKAGE_RULES } from './package-rules.ts'

/** What is asked for. */
export interface NewEnvironment {
  language: string
  version: string
  dependencies: string[]
  manifest: string
  hash: string
  /** A set of packages keeps its versions for as long as it is known. */
  isSet?: boolean
  origin: EnvironmentOrigin
}

/** The same request gives the same lock for so long. */
const SAME_LOCK_SECONDS = 24 * 3600
/** A record lives for so long after its last use, or until the last job that names it has expired. */
export const KEEP_SECONDS = 30 * 24 * 3600
/** One that failed is kept for whoever follows it, and for jobs that wait for it. */
const FAILED_SECONDS = 24 * 3600
/** Of those that a tenant asked for first, the last that failed. */
const MAX_FAILED = 50
const SHOWN_PACKAGES_BYTES = 1024 * 1024

/** What a tenant may have in the making: builds wait for one another. */
const MAX_UNDECIDED = 5
/** Of those that asked for an environment so many are on record. */
const MAX_TENANTS = 1000
/** Nothing is in the making for longer. */
export const UNDECIDED_MS = 120 * MINUTE

/**
 * Bulk: the record. One of two requests for the same makes it; the other joins. An empty id: the tenant has as many in the making as it may.
 * The record is not returned: a lock is long, and every job that names its packages asks.
 */
const CREATE = luaScript<
  {
    id: string
    hash: string
    tenant: string
    at: number
    sameSeconds: number
    keepSeconds: number
    maxUndecided: number
    undecidedMs: number
    maxTenants: number
  },
  [id: string, decided: number]
>(
  'runyardEnvironmentCreate',
  `${EXTEND}
local pointer = keys.environmentOf(input.hash)
local id = redis.call('GET', pointer)
if not id or redis.call('EXISTS', keys.environment(id)) == 0 then
  local undecided = keys.tenantUndecidedEnvironments(input.tenant)
  redis.call('ZREMRANGEBYSCORE', undecided, '-inf', input.at - input.undecidedMs)
  if redis.call('ZCARD', undecided) >= input.maxUndecided then return {'', 0} end
  id = input.id
  redis.call('ZADD', undecided, input.at, id)
  redis.call('PEXPIRE', undecided, input.undecidedMs)
  redis.call('ZADD', keys.undecidedEnvironments, input.at, id)
  redis.call('SET', keys.environment(id), bulk[1], 'EX', input.keepSeconds)
  redis.call('SET', pointer, id, 'EX', input.sameSeconds)
  redis.call('ZREMRANGEBYSCORE', keys.allEnvironments, '-inf', input.at - input.keepSeconds * 1000)
end
extend(keys.environment(id), input.keepSeconds)
redis.call('ZADD', keys.allEnvironments, input.at, id)
local tenants = keys.environmentTenants(id)
redis.call('ZADD', tenants, input.at, input.tenant)
redis.call('ZREMRANGEBYRANK', tenants, 0, -1 - input.maxTenants)
redis.call('EXPIRE', tenants, input.keepSeconds)
local own = keys.tenantEnvironments(input.tenant)
redis.call('ZADD', own, input.at, id)
redis.call('ZREMRANGEBYSCORE', own, '-inf', input.at - input.keepSeconds * 1000)
redis.call('EXPIRE', own, input.keepSeconds)
return {id, redis.call('ZSCORE', keys.undecidedEnvironments, id) and 0 or 1}`,
)

/** Of the jobs that name an environment while it is made so many are told how far it is: each step is an event of each of them. */
const MAX_FOLLOWERS = 500

/** `follow` adds one of them, unless there is nothing to wait for, and tells it how far the environment is; `tellFollowers` tells all. */
const FOLLOWERS = `${TELL}
local function packagesEvent(id, data) return {'packages', '{"environment":"' .. id .. '",' .. string.sub(data, 2)} end
local function follow(id, jobId, keepSeconds, jobTtlSeconds, most)
  if not redis.call('ZSCORE', keys.undecidedEnvironments, id) or redis.call('EXISTS', keys.environment(id)) == 0 then return false end
  local followers = keys.environmentFollowers(id)
  if redis.call('SCARD', followers) >= most or redis.call('SADD', followers, jobId) == 0 then return true end
  redis.call('EXPIRE', followers, keepSeconds)
  if redis.call('HGET', keys.job(jobId), 'state') ~= 'queued' then return true end
  local last = redis.call('XREVRANGE', keys.events(id), '+', '-', 'COUNT', 1)[1]
  local data = last and last[2][4] or '{"state":"queued","progress":null,"error":null}'
  tell(jobId, jobTtlSeconds, packagesEvent(id, data), 1, 2)
  return true
end
local function tellFollowers(id, data, jobTtlSeconds)
  local event = packagesEvent(id, data)
  for _, jobId in ipairs(redis.call('SMEMBERS', keys.environmentFollowers(id))) do
    if redis.call('HGET', keys.job(jobId), 'state') == 'queued' then tell(jobId, jobTtlSeconds, event, 1, 2) end
  end
end`

/**
 * Bulk: the record, then type and data of an event. Nothing is written of one that is gone, nor what is being done of one that has an end: two may
 * build it at once. Of those of a tenant that failed the last ones are kept.
 */
const UPDATE = luaScript<
  {
    id: string
    hash: string
    /** Of whoever asked first. */
    tenant: string
    isDecided: boolean
    isFailed: boolean
    at: number
    keepSeconds: number
    maxFailed: number
    jobTtlSeconds: number
  },
  number
>(
  'runyardEnvironmentUpdate',
  `${EXTEND}${FOLLOWERS}
if not input.isDecided and not redis.call('ZSCORE', keys.undecidedEnvironments, input.id) then return 0 end
if input.isDecided then
  redis.call('ZREM', keys.undecidedEnvironments, input.id)
  redis.call('ZREM', keys.tenantUndecidedEnvironments(input.tenant), input.id)
end
if redis.call('EXISTS', keys.environment(input.id)) == 0 then return 0 end
redis.call('SET', keys.environment(input.id), bulk[1], 'KEEPTTL')
if input.isFailed then
  if redis.call('GET', keys.environmentOf(input.hash)) == input.id then redis.call('DEL', keys.environmentOf(input.hash)) end
  for _, key in ipairs({keys.environment(input.id), keys.environmentTenants(input.id), keys.environmentLog(input.id)}) do
    redis.call('EXPIRE', key, input.keepSeconds)
  end
  local failed = keys.tenantFailedEnvironments(input.tenant)
  redis.call('ZADD', failed, input.at, input.id)
  redis.call('EXPIRE', failed, input.keepSeconds)
  for _, old in ipairs(redis.call('ZRANGE', failed, 0, -1 - input.maxFailed)) do
    redis.call('ZREM', failed, old)
    redis.call('DEL', keys.environment(old), keys.environmentTenants(old), keys.environmentLog(old), keys.events(old))
  end
else
  extend(keys.environment(input.id), input.keepSeconds)
end
local events = keys.events(input.id)
local entry = redis.call('XADD', events, 'MAXLEN', '~', 1000, '*', 't', bulk[2], 'd', bulk[3])
redis.call('EXPIRE', events, input.keepSeconds)
redis.call('PUBLISH', events, entry .. ' ' .. bulk[2] .. ' ' .. bulk[3])
tellFollowers(input.id, bulk[3], input.jobTtlSeconds)
if input.isDecided then redis.call('DEL', keys.environmentFollowers(input.id)) end
return 1`,
)

type Following = { id: string; jobId: string; keepSeconds: number; jobTtlSeconds: number; maxFollowers: number }

const FOLLOW = luaScript<Following, null>(
  'runyardEnvironmentFollow',
  `${FOLLOWERS}
follow(input.id, input.jobId, input.keepSeconds, input.jobTtlSeconds, input.maxFollowers)`,
)

/** @returns 0 when there is nothing to wait for: it is ready, failed or gone */
const WAIT = luaScript<Following, number>(
  'runyardEnvironmentWait',
  `${FOLLOWERS}
if not follow(input.id, input.jobId, input.keepSeconds, input.jobTtlSeconds, input.maxFollowers) then return 0 end
local waiters = keys.environmentWaiters(input.id)
redis.call('SADD', waiters, input.jobId)
redis.call('EXPIRE', waiters, input.keepSeconds)
return 1`,
)

/** @returns 0 when there is no record (any more) */
const TOUCH = luaScript<{ id: string; at: number; keepSeconds: number }, number>(
  'runyardEnvironmentTouch',
  `${EXTEND}
local id = input.id
if redis.call('EXISTS', keys.environment(id)) == 0 then return 0 end
redis.call('ZADD', keys.allEnvironments, input.at, id)
for _, key in ipairs({keys.environment(id), keys.environmentTenants(id), keys.environmentLog(id), keys.events(id)}) do
  extend(key, input.keepSeconds)
end
return 1`,
)

/** The books of environments, in Redis. */
export interface EnvironmentRecords {
  /**
   * Makes an environment, or finds the one that the same request made within a day.
   * @returns its id, and whether it is ready or failed, and so not to be built; undefined when its tenant has as many in the making as it may
   */
  request(wanted: NewEnvironment): Promise<{ id: string; isDecided: boolean } | undefined>
  /** Whether what a request asks for is there. @param hash of the request */
  isReady(hash: string): Promise<boolean>
  /** @returns undefined when there is none (any more) */
  read(id: string): Promise<EnvironmentRecord | undefined>
  /** Whether there is a record (still). */
  exists(id: string): Promise<boolean>
  /** Ids of those that are neither ready nor failed and were made before a time, in ms, the oldest first. */
  undecided(before: number): Promise<string[]>
  /** One of them is gone, or decided. */
  settled(id: string): Promise<void>
  /** Whether a tenant asked for it. */
  isOf(tenant: string, id: string): Promise<boolean>
  /** Those a tenant asked for, newest first. */
  list(tenant: string, limit: number): Promise<EnvironmentRecord[]>
  /** Those of all tenants, the last asked for or used first. */
  listAll(limit: number): Promise<EnvironmentRecord[]>
  /** Takes it off a tenant's list. @returns whether it was there */
  remove(tenant: string, id: string): Promise<boolean>
  /** Writes what became of it and tells those who follow it, jobs among them. A request after a failure builds again: what failed is kept for a day at most. */
  update(record: EnvironmentRecord): Promise<void>
  /** It is used: it is kept longer. @returns whether there is a record (still) */
  touch(id: string): Promise<boolean>
  /** Forgets that the lock of a request is known. */
  forget(record: EnvironmentRecord): Promise<void>
  /** Has a job told how far it is while it is made, as one of the first 500 that ask. */
  follow(id: string, jobId: string): Promise<void>
  /**
   * Has a job that was put aside wait for it, and told how far it is.
   * @returns false when there is nothing to wait for: it is ready, failed or gone
   */
  wait(id: string, jobId: string): Promise<boolean>
  /** Takes the ids of those that wait. */
  takeWaiting(id: string): Promise<string[]>
  ban(ban: PackageBan): Promise<void>
  /** @returns whether it was banned */
  unban(ecosystem: PackageBan['ecosystem'], name: string, version: string | null): Promise<boolean>
  bans(): Promise<PackageBan[]>
}

/** The same for every spelling of a name and a version. */
export function banField(ecosystem: PackageBan['ecosystem'], name: string, version: string | null): string {
  const { normalName, normalVersion } = PACKAGE_RULES[ecosystem]
  return `${ecosystem}:${normalName(name)}${version === null ? '' : `==${normalVersion(version)}`}`
}

export function createEnvironmentRecords(redis: Redis, keys: Keys): EnvironmentRecords {
  defineScripts(redis, [CREATE, UPDATE, TOUCH, FOLLOW, WAIT])
  const read = async (id: string) => {
    const text = await redis.get(keys.environment(id))
    return text === null ? undefined : (JSON.parse(text) as EnvironmentRecord)
  }
  /** The newest of a list. Those that are gone are taken off it, so that none that is there is behind them. */
  const newest = async (list: string, limit: number): Promise<EnvironmentRecord[]> => {
    for (;;) {
      const ids = await redis.zrevrange(list, 0, limit - 1)
      if (ids.length === 0) return []
      const texts = await redis.mget(ids.map((id) => keys.environment(id)))
      const gone = ids.filter((_, index) => texts[index] === null)
      if (gone.length === 0) return texts.map((text) => JSON.parse(text ?? '') as EnvironmentRecord)
      await redis.zrem(list, ...gone)
    }
  }

  return {
    async request({ language, version, dependencies, manifest, hash, isSet = false, origin }) {
      const at = Date.now()
      const id = uuid()
      const view: KeptEnvironment = {
        id,
        language,
        version,
        dependencies,
        state: 'queued',
        progress: null,
        error: null,
        lock: null,
        packages: [],
        bytes: null,
        files: null,
        createdAt: new Date(at).toISOString(),
        finishedAt: null,
      }
      const record: EnvironmentRecord = { view, hash, manifest, firstAsked: origin }
      const bounds = { maxUndecided: MAX_UNDECIDED, undecidedMs: UNDECIDED_MS, maxTenants: MAX_TENANTS }
      const times = { at, sameSeconds: isSet ? KEEP_SECONDS : SAME_LOCK_SECONDS, keepSeconds: KEEP_SECONDS }
      const input = { id, hash, tenant: origin.tenant, ...times, ...bounds }
      const [there, decided] = await runScript(redis, keys.prefix, CREATE, input, [JSON.stringify(record)])
      return there === '' ? undefined : { id: there, isDecided: decided === 1 }
    },
    async isReady(hash) {
      const id = await redis.get(keys.environmentOf(hash))
      return id !== null && (await read(id))?.view.state === 'ready'
    },
    read,
    exists: async (id) => (await redis.exists(keys.environment(id))) === 1,
    undecided: (before) => redis.zrangebyscore(keys.undecidedEnvironments, '-inf', before),
    settled: async (id) => void (await redis.zrem(keys.undecidedEnvironments, id)),
    isOf: async (tenant, id) => (await redis.zscore(keys.tenantEnvironments(tenant), id)) !== null,
    list: (tenant, limit) => newest(keys.tenantEnvironments(tenant), limit),
    listAll: (limit) => newest(keys.allEnvironments, limit),
    remove: async (tenant, id) => (await redis.zrem(keys.tenantEnvironments(tenant), id)) === 1,
    async update(record) {
      const { view, hash, firstAsked } = record
      if ((view.lock ?? '').length > SHOWN_PACKAGES_BYTES) throw new Error('the lock is too long')
      const { state, progress, error } = view
      const isFailed = state === 'failed'
      const isDecided = isOver(view)
      const asked = { id: view.id, hash, tenant: firstAsked.tenant }
      const times = { at: Date.now(), keepSeconds: isFailed ? FAILED_SECONDS : KEEP_SECONDS }
      const bounds = { maxFailed: MAX_FAILED, jobTtlSeconds: QUEUED_TTL_SECONDS }
      const input = { ...asked, isDecided, isFailed, ...times, ...bounds }
      const kept: EnvironmentRecord = isDecided ? { ...record, manifest: '' } : record
      const event = [state, JSON.stringify({ state, progress, error })]
      await runScript(redis, keys.prefix, UPDATE, input, [JSON.stringify(kept), ...event])
    },
    touch: async (id) =>
      (await runScript(redis, keys.prefix, TOUCH, { id, at: Date.now(), keepSeconds: KEEP_SECONDS })) === 1,
    forget: async ({ hash }) => void (await redis.del(keys.environmentOf(hash))),
    follow: async (id, jobId) => void (await runScript(redis, keys.prefix, FOLLOW, following(id, jobId))),
    wait: async (id, jobId) => (await runScript(redis, keys.prefix, WAIT, following(id, jobId))) === 1,
    async takeWaiting(id) {
      const ids = await redis.smembers(keys.environmentWaiters(id))
      await redis.del(keys.environmentWaiters(id))
      return ids
    },
    ban: async (ban) =>
      void (await redis.hset(keys.packageBans, banField(ban.ecosystem, ban.name, ban.version), JSON.stringify(ban))),
    unban: async (ecosystem, name, version) =>
      (await redis.hdel(keys.packageBans, banField(ecosystem, name, version))) === 1,
    bans: async () =>
      Object.values(await redis.hgetall(keys.packageBans)).map((text) => JSON.parse(text) as PackageBan),
  }
}

const following = (id: string, jobId: string) => ({
  id,
  jobId,
  keepSeconds: KEEP_SECONDS,
  jobTtlSeconds: QUEUED_TTL_SECONDS,
  maxFollowers: MAX_FOLLOWERS,
})

/** Of environments that wait to be built. */
export const ENVIRONMENT_QUEUE_NAME = 'environment-builds'

/** The producer's end of that queue: an environment's id is its only content, and that of its job. */
export const createEnvironmentQueue = (redis: Redis, keys: Keys) =>
  createQueue<{ id: string }, null, 'build'>(redis, keys, ENVIRONMENT_QUEUE_NAME, {
    attempts: 3,
    backoff: { type: 'fixed', delay: 1000 },
  })
export type EnvironmentQueue = ReturnType<typeof createEnvironmentQueue>

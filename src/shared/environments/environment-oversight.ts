import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { EnvironmentRecord, PackageBan } from './environment.ts'
import { KEEP_SECONDS } from './environment-records.ts'
import { banOf, canonicalLock, PACKAGE_RULES } from './package-rules.ts'

/** What operators know of an environment beside its record. */
export interface EnvironmentUse {
  /** When it was last asked for or used, in RFC 3339, UTC. */
  usedAt: string
  /** Those who asked for it, the last one first, at most 100. */
  tenants: string[]
}

/** Workers remove it from their hosts where it was made before. */
export interface Eviction {
  /** Of its lock, on every host, whatever it runs there: see {@link lockId}. */
  of?: string
  /** On the host that built it. */
  key?: string
  /** Of what the file store has of it. */
  fileId?: string
  /** In ms since the epoch, by the clock of Redis. */
  at: number
}

/** Evictions, the first one first, and when they were read, both by the clock of Redis, in ms since the epoch. */
export interface Evictions {
  nowMs: number
  evictions: Eviction[]
}

/** What operators see and do of environments. */
export interface EnvironmentOversight {
  /** In the order of the records. */
  uses(records: readonly EnvironmentRecord[]): Promise<EnvironmentUse[]>
  /** What its installer did and said; undefined when it was not built. */
  log(id: string): Promise<string | undefined>
  writeLog(id: string, text: string): Promise<void>
  /** Has it removed from every host and from the file store, once nothing that runs has it. The next use installs it again. @returns whether it was ever installed */
  evict(record: EnvironmentRecord): Promise<boolean>
  /** Since when what each has is evicted and was not installed again, in RFC 3339, UTC; in the order of the records. */
  evictedAt(records: readonly Pick<EnvironmentRecord, 'view'>[]): Promise<(string | null)[]>
  /** What a lock installs was installed again. */
  installed(language: string, lock: string): Promise<void>
  /** Evicts all that have a package of a ban. @returns how many */
  evictBanned(ban: PackageBan, ecosystemOf: (language: string) => PackageBan['ecosystem'] | undefined): Promise<number>
  /** @param since by the clock of Redis, in ms since the epoch; those of that time are among them */
  evictions(since: number): Promise<Evictions>
}

/** Names what a lock installs, however it is written, whatever the host and the version of the language. */
export const lockId = (language: string, lock: string): string => idOfText(language, canonicalLock(lock))

const idOfText = (language: string, lock: string): string =>
  createHash('sha256')
    .update(JSON.stringify([language, lock]))
    .digest('hex')

/** Those by which hosts know what a lock installs: older ones have trees that are named by the text as it came. */
const lockIds = (language: string, lock: string): string[] => [
  ...new Set([lockId(language, lock), idOfText(language, lock)]),
]

/** Bulk: the eviction. By one clock, whoever evicts. */
const EVICT = luaScript<{ lock: string | undefined; keepSeconds: number }, number>(
  'runyardEnvironmentEvict',
  `
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', keys.environmentEvictions, at, bulk[1])
if input.lock then redis.call('ZADD', keys.evictedLocks, at, input.lock) end
for _, key in ipairs({keys.environmentEvictions, keys.evictedLocks}) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', at - input.keepSeconds * 1000)
  redis.call('EXPIRE', key, input.keepSeconds)
end
return at`,
)

const SHOWN_TENANTS = 100
const LOG_BYTES = 64 * 1024
const READ_AT_ONCE = 50

export function createEnvironmentOversight(redis: Redis, keys: Keys): EnvironmentOversight {
  defineScripts(redis, [EVICT])
  const evict = async ({ key, fileId, view: { language, lock } }: EnvironmentRecord) => {
    if (lock === null && key === undefined) return false
    const [of, ...others] = lock === null ? [] : lockIds(language, lock)
    const what = {
      ...(of !== undefined && { of }),
      ...(key !== undefined && { key }),
      ...(fileId !== undefined && { fileId }),
    }
    for (const one of [what, ...others.map((other) => ({ of: other }))])
      await runScript(redis, keys.prefix, EVICT, { lock: one.of, keepSeconds: KEEP_SECONDS }, [JSON.stringify(one)])
    return true
  }
  return {
    uses: (records) =>
      Promise.all(
        records.map(async ({ view: { id, createdAt } }) => {
          const used = await redis.zscore(keys.allEnvironments, id)
          const tenants = await redis.zrevrange(keys.environmentTenants(id), 0, SHOWN_TENANTS - 1)
          return { usedAt: used === null ? createdAt : new Date(Number(used)).toISOString(), tenants }
        }),
      ),
    log: async (id) => (await redis.get(keys.environmentLog(id))) ?? undefined,
    writeLog: async (id, text) =>
      void (await redis.set(keys.environmentLog(id), text.slice(-LOG_BYTES), 'EX', KEEP_SECONDS)),
    evict,
    async evictedAt(records) {
      // Mostly nothing is evicted, and locks are long.
      if ((await redis.exists(keys.evictedLocks)) === 0) return records.map(() => null)
      const ids = records.map(({ view: { language, lock } }) => (lock === null ? '' : lockId(language, lock)))
      const found = ids.length === 0 ? [] : await redis.zmscore(keys.evictedLocks, ...ids)
      return found.map((at) => (at === null ? null : new Date(Number(at)).toISOString()))
    },
    installed: async (language, lock) => void (await redis.zrem(keys.evictedLocks, ...lockIds(language, lock))),
    async evictBanned(ban, ecosystemOf) {
      const ids = await redis.zrevrange(keys.allEnvironments, 0, -1)
      let evicted = 0
      for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
        const texts = await redis.mget(ids.slice(at, at + READ_AT_ONCE).map((id) => keys.environment(id)))
        for (const text of texts) {
          const record = text === null ? undefined : (JSON.parse(text) as EnvironmentRecord)
          if (!record?.view.lock || ecosystemOf(record.view.language) !== ban.ecosystem) continue
          const packages = PACKAGE_RULES[ban.ecosystem].packagesOf(record.view.lock)
          if (!packages.some(({ name, version }) => banOf([ban], name, version))) continue
          if (await evict(record)) evicted += 1
        }
      }
      return evicted
    },
    async evictions(since) {
      const [seconds, micros] = await redis.time()
      const found = await redis.zrange(keys.environmentEvictions, since, '+inf', 'BYSCORE', 'WITHSCORES')
      const all: Eviction[] = []
      for (let at = 0; at + 1 < found.length; at += 2)
        all.push({ ...(JSON.parse(found[at] ?? '') as Omit<Eviction, 'at'>), at: Number(found[at + 1]) })
      return { nowMs: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), evictions: all }
    },
  }
}

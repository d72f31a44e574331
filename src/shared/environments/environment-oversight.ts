import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import type { EnvironmentRecord, PackageBan } from './environment.ts'
import { KEEP_SECONDS } from './environment-records.ts'
import { banOf, PACKAGE_RULES } from './package-rules.ts'

/** What operators know of an environment beside its record. */
export interface EnvironmentUse {
  /** When it was last asked for or used, in RFC 3339, UTC. */
  usedAt: string
  /** Those who asked for it, the last one first, at most 100. */
  tenants: string[]
}

/** Workers remove it from their hosts where it was made before. */
export interface Eviction {
  key: string
  /** Of what the file store has of it. */
  fileId?: string
  /** In ms since the epoch. */
  at: number
}

/** What operators see and do of environments. */
export interface EnvironmentOversight {
  /** In the order of the records. */
  uses(records: readonly EnvironmentRecord[]): Promise<EnvironmentUse[]>
  /** What its installer did and said; undefined when it was not built. */
  log(id: string): Promise<string | undefined>
  writeLog(id: string, text: string): Promise<void>
  /** Has it removed from every host and from the file store, once nothing that runs has it. The next use installs it again. */
  evict(record: EnvironmentRecord): Promise<void>
  /** Evicts all that have a package of a ban. @returns how many */
  evictBanned(ban: PackageBan, ecosystemOf: (language: string) => PackageBan['ecosystem'] | undefined): Promise<number>
  /** Those from a time on, in ms since the epoch. */
  evictions(since: number): Promise<Eviction[]>
}

const SHOWN_TENANTS = 100
const LOG_BYTES = 64 * 1024
const READ_AT_ONCE = 50

export function createEnvironmentOversight(redis: Redis, keys: Keys): EnvironmentOversight {
  const evict = async ({ key, fileId }: EnvironmentRecord) => {
    if (key === undefined) return
    const at = Date.now()
    await redis
      .multi()
      .zadd(keys.environmentEvictions, at, JSON.stringify({ key, ...(fileId !== undefined && { fileId }) }))
      .zremrangebyscore(keys.environmentEvictions, '-inf', at - KEEP_SECONDS * 1000)
      .expire(keys.environmentEvictions, KEEP_SECONDS)
      .exec()
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
          await evict(record)
          evicted += 1
        }
      }
      return evicted
    },
    async evictions(since) {
      const found = await redis.zrange(keys.environmentEvictions, since, '+inf', 'BYSCORE', 'WITHSCORES')
      const all: Eviction[] = []
      for (let at = 0; at + 1 < found.length; at += 2)
        all.push({ ...(JSON.parse(found[at] ?? '') as Omit<Eviction, 'at'>), at: Number(found[at + 1]) })
      return all
    },
  }
}

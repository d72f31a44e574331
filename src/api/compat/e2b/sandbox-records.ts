import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { SECOND } from '../../../shared/limits.ts'
import type { Keys } from '../../../shared/redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../../../shared/redis/lua-script.ts'

/** A folder that a client asks about again and again. */
export interface Watcher {
  path: string
  /** The last event of the session that the client was told of. */
  position: string
}

/** What is known of a session as a sandbox of E2B's. */
export interface SandboxRecord {
  templateId: string
  /** Opens its files, processes and interpreter, for who cannot show a key there. */
  token: string
  /** The key whose holder its calls are counted to; null: none is needed here. */
  keyId: string | null
}

export interface SandboxRecords {
  /** @returns what there is already, with this key as its own from now on, or else what was made */
  open: (sessionId: string, templateId: string, keyId: string | null) => Promise<SandboxRecord>
  find: (sessionId: string) => Promise<SandboxRecord | undefined>
  /** Gives a command a name. */
  tag: (sessionId: string, tag: string, command: string) => Promise<void>
  /** The command of a name. */
  tagged: (sessionId: string, tag: string) => Promise<string | undefined>
  /** The names of a sandbox's commands, by their ids. */
  tags: (sessionId: string) => Promise<Map<string, string>>
  putWatcher: (sessionId: string, id: string, watcher: Watcher) => Promise<void>
  /** The same for one that is known; one that was removed meanwhile stays removed. */
  moveWatcher: (sessionId: string, id: string, watcher: Watcher) => Promise<void>
  watcher: (sessionId: string, id: string) => Promise<Watcher | undefined>
  removeWatcher: (sessionId: string, id: string) => Promise<void>
}

const TAG = 'tag:'
const WATCHER = 'watcher:'
/** How long a record outlives the longest session. */
const MARGIN_SECONDS = 60 * 60

const MOVE = luaScript<{ session: string; field: string; json: string }, number>(
  'runyardMoveE2bWatcher',
  `
local key = keys.e2bSandbox(input.session)
if redis.call('HEXISTS', key, input.field) == 0 then return 0 end
redis.call('HSET', key, input.field, input.json)
return 1`,
)

/** @param longestMs the longest that a session may live */
export function createSandboxRecords(redis: Redis, keys: Keys, longestMs: number): SandboxRecords {
  defineScripts(redis, [MOVE])
  const ttl = Math.ceil(longestMs / SECOND) + MARGIN_SECONDS
  const find = async (sessionId: string): Promise<SandboxRecord | undefined> => {
    const [templateId, token, keyId] = await redis.hmget(keys.e2bSandbox(sessionId), 'template', 'token', 'key')
    return templateId && token ? { templateId, token, keyId: keyId || null } : undefined
  }
  return {
    find,
    async open(sessionId, templateId, keyId) {
      const key = keys.e2bSandbox(sessionId)
      await redis
        .multi()
        .hsetnx(key, 'template', templateId)
        .hsetnx(key, 'token', randomBytes(24).toString('hex'))
        .hset(key, 'key', keyId ?? '')
        .expire(key, ttl)
        .exec()
      return (await find(sessionId)) ?? { templateId, token: '', keyId }
    },
    async tag(sessionId, tag, command) {
      await redis.hset(keys.e2bSandbox(sessionId), `${TAG}${tag}`, command)
    },
    tagged: async (sessionId, tag) => (await redis.hget(keys.e2bSandbox(sessionId), `${TAG}${tag}`)) ?? undefined,
    async tags(sessionId) {
      const fields = Object.entries(await redis.hgetall(keys.e2bSandbox(sessionId)))
      return new Map(fields.flatMap(([name, id]) => (name.startsWith(TAG) ? [[id, name.slice(TAG.length)]] : [])))
    },
    async putWatcher(sessionId, id, watcher) {
      await redis.hset(keys.e2bSandbox(sessionId), `${WATCHER}${id}`, JSON.stringify(watcher))
    },
    async moveWatcher(session, id, watcher) {
      const moved = { session, field: `${WATCHER}${id}`, json: JSON.stringify(watcher) }
      await runScript(redis, keys.prefix, MOVE, moved)
    },
    async watcher(sessionId, id) {
      const json = await redis.hget(keys.e2bSandbox(sessionId), `${WATCHER}${id}`)
      return json === null ? undefined : (JSON.parse(json) as Watcher)
    },
    async removeWatcher(sessionId, id) {
      await redis.hdel(keys.e2bSandbox(sessionId), `${WATCHER}${id}`)
    },
  }
}

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
  /** The first session that the sandbox was: its id is the sandbox's. */
  id: string
  /** The session that it is now. */
  sessionId: string
  templateId: string
  /** Opens its files, processes and interpreter, for who cannot show a key there. */
  token: string
  /** The key whose holder its calls are counted to; null: none is needed here. */
  keyId: string | null
  /** Variables that it was created with. */
  env: Readonly<Record<string, string>>
}

/** What is known of a sandbox that is opened. */
export interface OpenedSandbox {
  templateId: string
  keyId: string | null
  env?: Readonly<Record<string, string>> | undefined
}

export interface SandboxRecords {
  /** @param id of its first session. @returns what there is already, with this key as its own from now on, or else what was made */
  open: (id: string, opened: OpenedSandbox) => Promise<SandboxRecord>
  /** @param sessionId any session that it was */
  find: (sessionId: string) => Promise<SandboxRecord | undefined>
  /** Keeps what is known of a sandbox that is paused until then. */
  keepUntil: (id: string, at: Date) => Promise<void>
  /** A sandbox is another session from now on. */
  become: (id: string, sessionId: string) => Promise<void>
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
  const FIELDS = ['template', 'token', 'key', 'env', 'session', 'sandbox'] as const
  const find = async (id: string): Promise<SandboxRecord | undefined> => {
    const [templateId, token, keyId, env, session, first] = await redis.hmget(keys.e2bSandbox(id), ...FIELDS)
    if (first) return find(first)
    if (!templateId || !token) return undefined
    const variables = env ? (JSON.parse(env) as Record<string, string>) : {}
    return { id, sessionId: session ?? id, templateId, token, keyId: keyId || null, env: variables }
  }
  return {
    find,
    async open(id, { templateId, keyId, env = {} }) {
      const key = keys.e2bSandbox(id)
      await redis
        .multi()
        .hsetnx(key, 'template', templateId)
        .hsetnx(key, 'token', randomBytes(24).toString('hex'))
        .hsetnx(key, 'env', JSON.stringify(env))
        .hset(key, 'key', keyId ?? '')
        .expire(key, ttl)
        .exec()
      return (await find(id)) ?? { id, sessionId: id, templateId, token: '', keyId, env }
    },
    async keepUntil(id, at) {
      await redis.expireat(keys.e2bSandbox(id), Math.ceil(at.getTime() / SECOND))
    },
    async become(id, sessionId) {
      const [own, first] = [keys.e2bSandbox(sessionId), keys.e2bSandbox(id)]
      await redis
        .multi()
        .hset(own, 'sandbox', id)
        .expire(own, ttl)
        .hset(first, 'session', sessionId)
        .expire(first, ttl)
        .exec()
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

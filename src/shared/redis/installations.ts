import type { Redis } from 'ioredis'
import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import type { Keys } from './keys.ts'
import { defineScripts, luaScript, runScript } from './lua-script.ts'

/** How it goes on one host. */
export const HostInstallation = Type.Object({
  state: Type.Enum(['waiting', 'installing', 'installed', 'removing', 'removed', 'failed', 'lost'], {
    description: '`waiting` until a worker takes it; `lost`: its worker no longer responds',
  }),
  detail: Type.Union([Type.String(), Type.Null()], { description: 'what went wrong' }),
})
export type HostInstallation = Static<typeof HostInstallation>

export const InstallationAction = Type.Enum(['install', 'remove'])
export type InstallationAction = Static<typeof InstallationAction>

/** What a worker does, and has done when it went well. */
const STATES = {
  install: { begun: 'installing', done: 'installed' },
  remove: { begun: 'removing', done: 'removed' },
} as const

/**
 * A language that an operator wants installed, or removed. A gateway cannot make images: it notes what is wanted and tells the workers, and
 * on each host one worker takes it up, tells how it goes and how it ended. What is told are events in a stream as jobs have
 * one, so that it is read like those: `state` first, then `host` and `line`, `result` last.
 */
export const Installation = Type.Object({
  id: Type.String({ format: 'uuid' }),
  language: Type.String(),
  action: InstallationAction,
  requestedAt: Type.String({ format: 'date-time' }),
  hosts: Type.Record(Type.String(), HostInstallation),
  over: Type.Boolean({ description: 'whether it has ended on every host' }),
})
export type Installation = Static<typeof Installation>

/** A language, and where it is installed. */
export const AdminRuntime = Type.Object({
  language: Type.String(),
  name: Type.String(),
  default: Type.Boolean({ description: 'whether the set-up installs it by default' }),
  imageBytes: Type.Union([Type.Integer(), Type.Null()], {
    description: 'what it takes on the disk beside the base image, about; `null`: not known',
  }),
  hosts: Type.Array(
    Type.Object({
      host: Type.String(),
      workers: Type.Integer(),
      version: Type.Union([Type.String(), Type.Null()], { description: '`null`: not installed' }),
      installsOnRequest: Type.Boolean(),
    }),
  ),
  installation: Type.Union([Installation, Type.Null()], { description: 'the last installation, within a day' }),
})
export type AdminRuntime = Static<typeof AdminRuntime>
export const AdminRuntimeGroup = Type.Object({
  group: Type.String({ description: 'its id' }),
  name: Type.String(),
  languages: Type.Array(Type.String(), { description: 'ids of its languages' }),
})
export type AdminRuntimeGroup = Static<typeof AdminRuntimeGroup>

/** What is told of one while it goes on. */
export const InstallationEvent = Type.Union([
  Type.Object({
    type: Type.Literal('state'),
    data: Type.Object({ state: Type.Literal('queued'), attempt: Type.Literal(0) }),
  }),
  Type.Object({
    type: Type.Literal('host'),
    data: Type.Object({ host: Type.String(), ...HostInstallation.properties }),
  }),
  Type.Object({ type: Type.Literal('line'), data: Type.Object({ host: Type.String(), text: Type.String() }) }),
  Type.Object({ type: Type.Literal('result'), data: Installation }),
])
export type InstallationEvent = Static<typeof InstallationEvent>

export interface Installations {
  /** @returns a new one, or the one of this language that is under way, whatever its action */
  request: (
    language: string,
    action: InstallationAction,
    hosts: readonly string[],
  ) => Promise<{ installation: Installation; isNew: boolean }>
  read: (id: string) => Promise<Installation | undefined>
  /** The last one of each of these languages, as far as that is known. */
  latest: (languages: readonly string[]) => Promise<Installation[]>
  /** Ids of those that may wait for a worker. */
  open: () => Promise<string[]>
  /** Takes one up for a host. @returns false when another worker has, or it is not wanted there */
  claim: (installation: Installation, host: string) => Promise<boolean>
  /** Tells how it goes. */
  line: (id: string, host: string, text: string) => Promise<void>
  /** Tells that it still goes on, or will once the worker has done with others. */
  alive: (id: string) => Promise<void>
  end: (installation: Installation, host: string, ok: boolean, detail: string | null) => Promise<void>
}

/** How long it can be read, and how long it counts as under way without a sign of life. */
const TTL_SECONDS = 24 * 3600
const LEASE_SECONDS = 60
const MAX_EVENTS = 5000
export const INSTALLATION_BEAT_MS = 10_000

/** Bulk: type and data of each event. */
const TELL = luaScript<{ id: string; ttlSeconds: number }, number>(
  'runyardTellInstallation',
  `
local events = keys.events(input.id)
for i = 1, #bulk, 2 do
  local entry = redis.call('XADD', events, 'MAXLEN', '~', ${MAX_EVENTS}, '*', 't', bulk[i], 'd', bulk[i + 1])
  redis.call('PUBLISH', events, entry .. ' ' .. bulk[i] .. ' ' .. bulk[i + 1])
end
return redis.call('EXPIRE', events, input.ttlSeconds)`,
)

/** @returns whether the field was as it was to be before */
const CHANGE = luaScript<{ id: string; field: string; before: string; after: string }, number>(
  'runyardChangeInstallation',
  `
local record = keys.installation(input.id)
if redis.call('HGET', record, input.field) ~= input.before then return 0 end
redis.call('HSET', record, input.field, input.after)
return 1`,
)

const WAITING = JSON.stringify({ state: 'waiting', detail: null } satisfies HostInstallation)
const HOST = 'host:'

export function createInstallations(redis: Redis, keys: Keys): Installations {
  defineScripts(redis, [TELL, CHANGE])

  const tell = async (id: string, ...events: (readonly [type: string, data: unknown])[]) => {
    const texts = events.flatMap(([type, data]) => [type, JSON.stringify(data)])
    await runScript(redis, keys.prefix, TELL, { id, ttlSeconds: TTL_SECONDS }, texts)
  }
  const read = async (id: string): Promise<Installation | undefined> => {
    const { language, requestedAt, action, ...fields } = await redis.hgetall(keys.installation(id))
    if (language === undefined || requestedAt === undefined) return undefined
    const isUnderWay = (await redis.get(keys.installationOf(language))) === id
    const hosts = Object.entries(fields).map(([name, json]) => {
      const told = JSON.parse(json) as HostInstallation
      return [
        name.slice(HOST.length),
        !isOver(told) && !isUnderWay ? { ...told, state: 'lost' as const } : told,
      ] as const
    })
    return {
      id,
      language,
      // Of those of the version before nothing is said.
      action: action === 'remove' ? 'remove' : 'install',
      requestedAt,
      hosts: Object.fromEntries(hosts),
      over: hosts.every(([, host]) => isOver(host)),
    }
  }

  return {
    read,
    async request(language, action, hosts) {
      const id = uuid()
      const taken = await redis.set(keys.installationOf(language), id, 'EX', LEASE_SECONDS, 'NX')
      if (taken === null) {
        const other = await redis.get(keys.installationOf(language))
        const underWay = other === null ? undefined : await read(other)
        if (underWay) return { installation: underWay, isNew: false }
      }
      const requestedAt = new Date().toISOString()
      const fields = Object.fromEntries(hosts.map((host) => [`${HOST}${host}`, WAITING]))
      await redis
        .multi()
        .set(keys.installationOf(language), id, 'EX', LEASE_SECONDS)
        .set(keys.lastInstallationOf(language), id, 'EX', TTL_SECONDS)
        .hset(keys.installation(id), { language, action, requestedAt, ...fields })
        .expire(keys.installation(id), TTL_SECONDS)
        .zadd(keys.installations, Date.now(), id)
        .expire(keys.installations, LEASE_SECONDS)
        .exec()
      await tell(id, ['state', { state: 'queued', attempt: 0 }])
      await redis.publish(keys.installations, id)
      const made = await read(id)
      if (!made) throw new Error(`the installation ${id} is gone already`)
      return { installation: made, isNew: true }
    },
    async latest(languages) {
      if (languages.length === 0) return []
      const ids = await redis.mget(languages.map((language) => keys.lastInstallationOf(language)))
      const found = await Promise.all(ids.flatMap((id) => (id === null ? [] : [read(id)])))
      return found.flatMap((one) => one ?? [])
    },
    open: () => redis.zrange(keys.installations, '0', '-1'),
    async claim({ id, action }, host) {
      const state = STATES[action].begun
      const mine = JSON.stringify({ state, detail: null } satisfies HostInstallation)
      const change = { id, field: `${HOST}${host}`, before: WAITING, after: mine }
      const done = await runScript(redis, keys.prefix, CHANGE, change)
      if (done === 1) await tell(id, ['host', { host, state, detail: null }])
      return done === 1
    },
    line: (id, host, text) => tell(id, ['line', { host, text }]),
    async alive(id) {
      const language = await redis.hget(keys.installation(id), 'language')
      if (language === null) return
      const lease = redis.multi().expire(keys.installationOf(language), LEASE_SECONDS)
      await lease.expire(keys.installations, LEASE_SECONDS).exec()
    },
    async end({ id, language, action }, host, ok, detail) {
      const ended: HostInstallation = { state: ok ? STATES[action].done : 'failed', detail }
      await redis.hset(keys.installation(id), `${HOST}${host}`, JSON.stringify(ended))
      const now = await read(id)
      // Whoever hears of the end may ask for the next one at once.
      if (now?.over) await redis.multi().zrem(keys.installations, id).del(keys.installationOf(language)).exec()
      await tell(id, ['host', { host, ...ended }], ...(now?.over ? [['result', now] as const] : []))
    },
  }
}

const isOver = ({ state }: HostInstallation): boolean => !['waiting', 'installing', 'removing'].includes(state)

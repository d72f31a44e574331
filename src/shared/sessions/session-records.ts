import type { Redis } from 'ioredis'
import type { Idempotency } from '../jobs/job-admission.ts'
import { SECOND } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { SessionWebhookEvent } from '../webhook.ts'
import { ADD_DELIVERY } from '../webhooks/delivery-scripts.ts'
import type { Session, SessionEnd, SessionSpec } from './session.ts'
import type { SessionEvent } from './session-event.ts'
import { sessionDelivery } from './session-webhook.ts'

/**
 * A session's record has the session as its owner sees it, as JSON (`view`), written by the worker that keeps it. Its `state` stands
 * beside it for the scripts here: what has ended stays so, whoever else writes.
 *
 * Whoever keeps a session renews its lease. Any worker or gateway may end one whose lease is over: its worker is gone.
 */
export interface SessionRecords {
  /** @throws what Redis answered, when it fails; the session is not accepted then */
  create(spec: SessionSpec, bounds: { tenantMax: number }, idempotency: Idempotency | undefined): Promise<Creation>
  /** Whether a request of a tenant with this `Idempotency-Key` was accepted before. */
  isRepeated(tenant: string, idempotency: Pick<Idempotency, 'hash'>): Promise<boolean>
  read(id: string): Promise<StoredSession | undefined>
  /** Those of a tenant, newest first, from the one after `before`. */
  list(tenant: string, count: number, before: string | undefined): Promise<Session[]>
  /** Those of all tenants that have not ended, newest first. */
  live(): Promise<(Omit<StoredSession, 'worker'> & { worker: string | null })[]>
  /** Those of a tenant that have not ended, oldest first. */
  liveOf(tenant: string): Promise<Session[]>
  /** Takes a session for a worker. @returns false when it has ended */
  take(id: string, worker: string): Promise<boolean>
  /**
   * Writes it anew, with events.
   * @param starts whether it runs from now on, of which its owner is told
   * @returns the ids of the events; undefined when it has ended
   */
  update(session: Session, events: readonly SessionEvent[], starts?: boolean): Promise<string[] | undefined>
  /** Adds events. @returns as `update` */
  append(id: string, events: readonly SessionEvent[]): Promise<string[] | undefined>
  /** Removes these events, the oldest, to make room. */
  forget(id: string, events: readonly string[]): Promise<void>
  /** Renews leases. @returns those of sessions that have ended */
  renew(ids: readonly string[]): Promise<string[]>
  /** Ends it, unless it has ended. @param onlyLost does so only when its lease is over */
  end(id: string, why: { reason: SessionEnd; message: string | null }, onlyLost?: boolean): Promise<boolean>
  /** Ids of some sessions whose lease is over. */
  lost(): Promise<string[]>
  /** Keeps an execution or command that has ended, and removes others. */
  keepResult(id: string, result: { id: string; json: string }, remove: readonly string[]): Promise<void>
  readResult(id: string, result: string): Promise<string | undefined>
  readResults(id: string): Promise<string[]>
}

export interface StoredSession {
  session: Session
  tenant: string
  /** That keeps it, once one does. */
  worker?: string
}

export type Creation =
  | { kind: 'created' }
  | { kind: 'replayed'; id: string }
  | { kind: 'mismatch'; id: string }
  | { kind: 'full' }

/** How long a session counts as kept after its worker last said so, and how often it says so. */
export const SESSION_LEASE_MS = 8 * SECOND
export const SESSION_RENEW_MS = 2 * SECOND
/** What a session that waits for a worker has until it counts as lost: longer than it may wait. */
const PLACEMENT_LEASE_MS = 60 * SECOND
/** A session's keys outlive its lease, in seconds. */
const LIVE_TTL_SECONDS = 24 * 60 * 60
const LIST_TTL_SECONDS = 14 * 24 * 60 * 60
const IDEMPOTENCY_TTL_SECONDS = 24 * 60 * 60
const LOST_AT_ONCE = 100
const RENEWED_AT_ONCE = 100

const COMMON = `
local function now()
  local clock = redis.call('TIME')
  return clock[1] * 1000 + math.floor(clock[2] / 1000)
end
-- Pairs of type and data, from this place on.
local function tell(id, list, from)
  local events, ids = keys.events(id), {}
  for i = from, #list, 2 do
    local entry = redis.call('XADD', events, '*', 't', list[i], 'd', list[i + 1])
    redis.call('PUBLISH', events, entry .. ' ' .. list[i] .. ' ' .. list[i + 1])
    ids[#ids + 1] = entry
  end
  return ids
end
-- A browser token's sessions count for the tenant that made it too; see browser-tokens.ts.
local function owners(tenant)
  return {tenant, (string.match(tenant, '^(.-)~'))}
end
local function expire(id, ttl)
  for _, key in ipairs({keys.session(id), keys.events(id), keys.sessionResults(id)}) do redis.call('EXPIRE', key, ttl) end
end
`

/** How the script that writes a session names a delivery. */
type Told = {
  /** Empty: none. */
  deliveryId: string
  event: string
}

/** Bulk: the view, then its first event. */
const CREATE = luaScript<
  {
    id: string
    tenant: string
    most: number
    leaseMs: number
    ttl: number
    listTtl: number
    hash: string | undefined
    fingerprint: string | undefined
    idempotencyTtl: number
    startedUrl: string
    endedUrl: string
  },
  [kind: string, id?: string]
>(
  'runyardSessionCreate',
  `${COMMON}
local id, tenant = input.id, input.tenant
local known = input.hash and keys.idempotency(tenant, input.hash)
local before = known and redis.call('GET', known)
if before then
  local first, fingerprint = string.match(before, '^(%S+) (.*)$')
  return {fingerprint == input.fingerprint and 'replayed' or 'mismatch', first}
end
for _, owner in ipairs(owners(tenant)) do
  if redis.call('SCARD', keys.tenantLiveSessions(owner)) >= input.most then return {'full'} end
end
local at = now()
redis.call('HSET', keys.session(id), 'tenant', tenant, 'state', 'starting', 'view', bulk[1],
  'startedUrl', input.startedUrl, 'endedUrl', input.endedUrl)
redis.call('ZADD', keys.liveSessions, at + input.leaseMs, id)
redis.call('ZADD', keys.tenantSessions(tenant), at, id)
redis.call('ZREMRANGEBYSCORE', keys.tenantSessions(tenant), '-inf', at - input.listTtl * 1000)
for _, owner in ipairs(owners(tenant)) do
  redis.call('SADD', keys.tenantLiveSessions(owner), id)
  redis.call('EXPIRE', keys.tenantLiveSessions(owner), input.listTtl)
end
for _, key in ipairs({keys.liveSessions, keys.tenantSessions(tenant)}) do redis.call('EXPIRE', key, input.listTtl) end
if known then redis.call('SET', known, id .. ' ' .. input.fingerprint, 'EX', input.idempotencyTtl) end
tell(id, bulk, 2)
expire(id, input.ttl)
return {'created'}`,
)

const TAKE = luaScript<{ id: string; worker: string; leaseMs: number }, number>(
  'runyardSessionTake',
  `${COMMON}
local record = keys.session(input.id)
if redis.call('HGET', record, 'state') ~= 'starting' then return 0 end
redis.call('HSET', record, 'worker', input.worker)
redis.call('ZADD', keys.liveSessions, now() + input.leaseMs, input.id)
return 1`,
)

/** Bulk: the view (empty: it stays), the body of the webhook, then events. @returns the delivery (empty: none), then ids of the events */
const UPDATE = luaScript<{ id: string; state: string | undefined } & Told, string[] | null>(
  'runyardSessionUpdate',
  `${COMMON}${ADD_DELIVERY}
local record = keys.session(input.id)
local state = redis.call('HGET', record, 'state')
if not state or state == 'ended' then return false end
if bulk[1] ~= '' then redis.call('HSET', record, 'view', bulk[1], 'state', input.state) end
local told = ''
if input.deliveryId ~= '' then
  local tenant, url = unpack(redis.call('HMGET', record, 'tenant', 'startedUrl'))
  told = addDelivery(now(), tenant, input.id, input.deliveryId, input.event, bulk[2], url)
end
local ids = tell(input.id, bulk, 3)
table.insert(ids, 1, told)
return ids`,
)

const RENEW = luaScript<{ ids: readonly string[]; leaseMs: number; ttl: number; listTtl: number }, string[]>(
  'runyardSessionRenew',
  `${COMMON}
local ended, at = {}, now() + input.leaseMs
for _, id in ipairs(input.ids) do
  local tenant, state = unpack(redis.call('HMGET', keys.session(id), 'tenant', 'state'))
  if not state or state == 'ended' then
    ended[#ended + 1] = id
  else
    redis.call('ZADD', keys.liveSessions, at, id)
    for _, owner in ipairs(owners(tenant)) do redis.call('EXPIRE', keys.tenantLiveSessions(owner), input.listTtl) end
    expire(id, input.ttl)
  end
end
redis.call('EXPIRE', keys.liveSessions, input.listTtl)
return ended`,
)

/** Bulk: the view, the body of the webhook, then events. @returns the delivery (empty: none); nothing when it had ended */
const END = luaScript<{ id: string; onlyLost: boolean; ttl: number } & Told, string | null>(
  'runyardSessionEnd',
  `${COMMON}${ADD_DELIVERY}
local id = input.id
local record = keys.session(id)
local tenant, state = unpack(redis.call('HMGET', record, 'tenant', 'state'))
if not state then
  redis.call('ZREM', keys.liveSessions, id)
  return false
end
if state == 'ended' then return false end
if input.onlyLost and tonumber(redis.call('ZSCORE', keys.liveSessions, id) or 0) > now() then return false end
redis.call('HSET', record, 'view', bulk[1], 'state', 'ended')
redis.call('ZREM', keys.liveSessions, id)
for _, owner in ipairs(owners(tenant)) do redis.call('SREM', keys.tenantLiveSessions(owner), id) end
redis.call('DEL', keys.sessionRequests(id))
redis.call('PUBLISH', keys.sessionRequests(id), 'ended')
tell(id, bulk, 3)
expire(id, input.ttl)
return addDelivery(now(), tenant, id, input.deliveryId, input.event, bulk[2], redis.call('HGET', record, 'endedUrl'))`,
)

/** Bulk: the result as JSON. */
const KEEP_RESULT = luaScript<{ id: string; result: string; remove: readonly string[]; ttl: number }, null>(
  'runyardSessionKeepResult',
  `
local key = keys.sessionResults(input.id)
redis.call('HSET', key, input.result, bulk[1])
for _, old in ipairs(input.remove) do redis.call('HDEL', key, old) end
redis.call('EXPIRE', key, input.ttl)
return false`,
)

/** Where an event of a session is told; empty for one that is not. */
const urlFor = ({ webhook }: SessionSpec, event: SessionWebhookEvent): string =>
  webhook && (webhook.events ?? ['session.ended']).includes(event) ? webhook.url : ''

const texts = (events: readonly SessionEvent[]): string[] =>
  events.flatMap(({ type, data }) => [type, JSON.stringify(data)])

/** A session as it is when it has just been accepted. */
export const acceptedSession = ({ head, idleTimeoutMs, maxLifetimeMs }: SessionSpec): Session => ({
  ...head,
  state: 'starting',
  reason: null,
  message: null,
  idleTimeoutMs,
  maxLifetimeMs,
  startedAt: null,
  lastActiveAt: null,
  endsAt: null,
  endedAt: null,
})

/**
 * @param redis a connection; `resultTtlSeconds` is how long what has ended is kept
 * @param enqueueWebhook queues a delivery that was noted; never fails. One that is not queued is found overdue
 */
export function createSessionRecords(
  redis: Redis,
  keys: Keys,
  { resultTtlSeconds }: { resultTtlSeconds: number },
  enqueueWebhook: (deliveryId: string) => Promise<void> = () => Promise.resolve(),
): SessionRecords {
  defineScripts(redis, [CREATE, TAKE, UPDATE, RENEW, END, KEEP_RESULT])
  const { prefix } = keys

  const read = async (id: string): Promise<StoredSession | undefined> => {
    const [tenant, view, worker] = await redis.hmget(keys.session(id), 'tenant', 'view', 'worker')
    return tenant && view ? { tenant, session: JSON.parse(view) as Session, ...(worker && { worker }) } : undefined
  }

  const write = async (input: { id: string; state: string | undefined } & Told, bulk: string[]) => {
    const [told, ...ids] = (await runScript(redis, prefix, UPDATE, input, bulk)) ?? []
    if (told === undefined) return undefined
    if (told !== '') await enqueueWebhook(told)
    return ids
  }

  return {
    async create(spec, { tenantMax }, idempotency) {
      const session = acceptedSession(spec)
      const view = JSON.stringify(session)
      const input = {
        id: spec.head.id,
        tenant: spec.tenant,
        most: tenantMax,
        leaseMs: PLACEMENT_LEASE_MS,
        ttl: LIVE_TTL_SECONDS,
        listTtl: LIST_TTL_SECONDS,
        hash: idempotency?.hash,
        fingerprint: idempotency?.fingerprint,
        idempotencyTtl: IDEMPOTENCY_TTL_SECONDS,
        startedUrl: urlFor(spec, 'session.started'),
        endedUrl: urlFor(spec, 'session.ended'),
      }
      const [kind, id = ''] = await runScript(redis, prefix, CREATE, input, [view, 'session', view])
      if (kind === 'replayed' || kind === 'mismatch') return { kind, id }
      return { kind: kind as 'created' | 'full' }
    },
    async isRepeated(tenant, { hash }) {
      return (await redis.exists(keys.idempotency(tenant, hash))) === 1
    },
    read,
    async list(tenant, count, before) {
      const key = keys.tenantSessions(tenant)
      const rank = before === undefined ? -1 : await redis.zrevrank(key, before)
      if (rank === null) return []
      const ids = await redis.zrevrange(key, rank + 1, rank + count)
      const found = await Promise.all(ids.map(read))
      return found.flatMap((one) => (one ? [one.session] : []))
    },
    async live() {
      // Their ids are in the order of their making.
      const ids = (await redis.zrangebyscore(keys.liveSessions, '-inf', '+inf')).sort().reverse()
      const found = await Promise.all(ids.map(read))
      return found.flatMap((one) =>
        one && one.session.state !== 'ended' ? [{ ...one, worker: one.worker ?? null }] : [],
      )
    },
    async liveOf(tenant) {
      const ids = await redis.smembers(keys.tenantLiveSessions(tenant))
      const found = await Promise.all(ids.toSorted().map(read))
      return found.flatMap((one) =>
        one && one.tenant === tenant && one.session.state !== 'ended' ? [one.session] : [],
      )
    },
    async take(id, worker) {
      return (await runScript(redis, prefix, TAKE, { id, worker, leaseMs: SESSION_LEASE_MS })) === 1
    },
    async update(session, events, starts = false) {
      const { id, state } = session
      const [deliveryId, event, body] = starts ? sessionDelivery(session, 'session.started') : ['', '', '']
      return write({ id, state, deliveryId, event }, [JSON.stringify(session), body, ...texts(events)])
    },
    append: (id, events) => write({ id, state: undefined, deliveryId: '', event: '' }, ['', '', ...texts(events)]),
    async forget(id, events) {
      if (events.length > 0) await redis.xdel(keys.events(id), ...events)
    },
    async renew(ids) {
      const ended: string[] = []
      // Redis does nothing else meanwhile.
      for (let from = 0; from < ids.length; from += RENEWED_AT_ONCE) {
        const some = { ids: ids.slice(from, from + RENEWED_AT_ONCE), leaseMs: SESSION_LEASE_MS }
        const times = { ttl: LIVE_TTL_SECONDS, listTtl: LIST_TTL_SECONDS }
        ended.push(...(await runScript(redis, prefix, RENEW, { ...some, ...times })))
      }
      return ended
    },
    async end(id, { reason, message }, onlyLost = false) {
      const found = await read(id)
      if (!found) {
        await redis.zrem(keys.liveSessions, id)
        return false
      }
      const ended: Session = { ...found.session, state: 'ended', reason, message, endedAt: new Date().toISOString() }
      const view = JSON.stringify(ended)
      const [deliveryId, event, body] = sessionDelivery(ended, 'session.ended')
      const input = { id, onlyLost, ttl: resultTtlSeconds, deliveryId, event }
      const told = await runScript(redis, prefix, END, input, [view, body, 'ended', view])
      if (told === null) return false
      if (told !== '') await enqueueWebhook(told)
      return true
    },
    async lost() {
      const [seconds] = await redis.time()
      return redis.zrangebyscore(keys.liveSessions, '-inf', Number(seconds) * SECOND, 'LIMIT', 0, LOST_AT_ONCE)
    },
    async keepResult(id, result, remove) {
      const input = { id, result: result.id, remove, ttl: LIVE_TTL_SECONDS }
      await runScript(redis, prefix, KEEP_RESULT, input, [result.json])
    },
    async readResult(id, result) {
      return (await redis.hget(keys.sessionResults(id), result)) ?? undefined
    },
    readResults: (id) => redis.hvals(keys.sessionResults(id)),
  }
}

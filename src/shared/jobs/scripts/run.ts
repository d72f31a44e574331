import { ADD_DELIVERY } from '../../webhooks/delivery-scripts.ts'
import { luaScript } from '../../redis/lua-script.ts'
import { COMMON } from './common.ts'

/** A job, as most scripts need it. */
type OfJob = { id: string; tenant: string }
type Lasting = { ttlSeconds: number }
/** 0: its tenant has none. */
type Capped = { cap: number }

/**
 * Bulk: body of the delivery that tells of the start, if there is one; head of the job, if its record is to be made.
 * @returns {'finished'}; {'unknown'} when there is no record, and none is to be made; {'cancelled', attempt} when it is to end before it begins;
 * {'held'}; {'later', its priority, then id and priority of one that changed places with it}; or {'started', attempt, id of the delivery or ''}
 */
export const START = luaScript<
  OfJob &
    Lasting &
    Capped & {
      leaseMs: number
      startedAt: string
      /** What no other start has. */
      token: string
      deliveryId: string | undefined
      deliveryEvent: string | undefined
      /** Whether its record is made, if there is none, and then with these. */
      makes: boolean
      startedUrl: string | undefined
      finishedUrl: string | undefined
    },
  [string, number?, string?, number?]
>(
  'runyardStart',
  `${COMMON}${ADD_DELIVERY}
local ttl, id, tenant, cap = input.ttlSeconds, input.id, input.tenant, input.cap
local record, own = keys.job(id), keys.tenantQueued(tenant)
if isFinished(id) then return {'finished'} end
local tenantOf, cancelled, attempt, token, rank, tag, startedUrl = unpack(
  redis.call('HMGET', record, 'tenant', 'cancel', 'attempt', 'start', 'rank', 'tag', 'startedUrl'))
if not tenantOf and not input.makes then return {'unknown'} end
attempt, rank, tag, startedUrl = tonumber(attempt or 0), tonumber(rank or 1), tonumber(tag or 0), startedUrl or input.startedUrl
if cancelled then return {'cancelled', attempt} end
-- Asked a second time: the connection was lost before the answer to the first.
if token == input.token then return {'started', attempt, startedUrl ~= '' and input.deliveryId or ''} end
if leaveDelayed(tenant, id) then
  -- Due: now it takes its place among those that wait.
  tag = math.max(number(keys.fairness, 'now'), number(keys.fairness, tagField(tenant))) + 1
  redis.call('HSET', keys.fairness, tagField(tenant), tag)
  enterQueue(tenant, id, ttl, tag, rank)
  if redis.call('ZCARD', keys.queued) > 1 then return {'later', priorityOf(tag, rank)} end
end
if cap > 0 and not redis.call('ZSCORE', keys.tenantRunning(tenant), id) and room(tenant, cap) <= 0 then return {'held'} end
local first = redis.call('ZRANGE', own, 0, 0)[1]
if first and first ~= id and attempt == 0 and not redis.call('ZSCORE', keys.tenantHeld(tenant), first) then
  local firstTag, firstRank = unpack(redis.call('HMGET', keys.job(first), 'tag', 'rank'))
  firstTag, firstRank = tonumber(firstTag or 0), tonumber(firstRank or 1)
  if firstTag > tag then
    redis.call('HSET', record, 'tag', firstTag)
    redis.call('HSET', keys.job(first), 'tag', tag)
    return {'later', priorityOf(firstTag, rank), first, priorityOf(tag, firstRank)}
  end
end
for _, key in ipairs({keys.tenantRunning(tenant), keys.running}) do
  redis.call('ZADD', key, now() + input.leaseMs, id)
  redis.call('EXPIRE', key, ttl)
end
attempt = attempt + 1
redis.call('HSET', record, 'attempt', attempt, 'state', 'running', 'startedAt', input.startedAt, 'cap', cap, 'start', input.token, 'added', 0)
if not tenantOf then
  redis.call('HSET', record, 'head', bulk[#bulk], 'tenant', tenant, 'summary', '', 'startedUrl', input.startedUrl, 'finishedUrl', input.finishedUrl)
end
redis.call('EXPIRE', record, ttl)
redis.call('ZREM', keys.tenantHeld(tenant), id)
leaveQueue(tenant, id)
local virtual = redis.call('HGET', keys.fairness, 'now')
if tag > tonumber(virtual or 0) and (virtual or redis.call('EXISTS', keys.fairness) == 1) then redis.call('HSET', keys.fairness, 'now', tag) end
tellState(id, ttl, 'running', attempt)
local delivery = input.deliveryId and addDelivery(now(), tenant, id, input.deliveryId, input.deliveryEvent, bulk[1], startedUrl)
return {'started', attempt, delivery or ''}`,
)

/**
 * Bulk: type and data of each event.
 * @returns 0 when the job has its result, or another attempt runs: nothing is added then
 */
export const APPEND = luaScript<Lasting & { id: string; attempt: number; number: number }, number>(
  'runyardAppend',
  `${COMMON}
local id = input.id
local attempt, added = unpack(redis.call('HMGET', keys.job(id), 'attempt', 'added'))
if isFinished(id) or tonumber(attempt or 0) ~= input.attempt then return 0 end
-- Asked a second time: the connection was lost before the answer to the first.
if tonumber(added or 0) >= input.number then return 1 end
redis.call('HSET', keys.job(id), 'added', input.number)
tell(id, input.ttlSeconds, bulk, 1, #bulk)
return 1`,
)

/** @returns the state: a running job is told to end, a queued one has to be finished, for the others there is nothing to do */
export const CANCEL = luaScript<{ id: string }, string | null>(
  'runyardCancel',
  `
local state = redis.call('HGET', keys.job(input.id), 'state')
if state == 'running' then
  redis.call('HSET', keys.job(input.id), 'cancel', 1)
  redis.call('PUBLISH', keys.cancellations, input.id)
end
return state`,
)

/** @returns {'done', priority, ids of held jobs that may go...}, {'overtaken'}, {'cancelled'}, or {'too often'} */
export const REQUEUE = luaScript<
  OfJob &
    Lasting &
    Capped & {
      attempt: number
      reason: string
      /** How often it may be requeued for this reason; absent: any number of times. */
      most: number | undefined
    },
  [string, number?, ...string[]]
>(
  'runyardRequeue',
  `${COMMON}
local ttl, id, tenant = input.ttlSeconds, input.id, input.tenant
local record = keys.job(id)
local state, attempt, rank, tag, cancelled = unpack(redis.call('HMGET', record, 'state', 'attempt', 'rank', 'tag', 'cancel'))
if isFinished(id) or tonumber(attempt or 0) ~= input.attempt then return {'overtaken'} end
rank, tag = tonumber(rank or 1), tonumber(tag or 0)
-- Asked a second time: the connection was lost before the answer to the first.
if state == 'queued' then return {'done', priorityOf(tag, rank)} end
if cancelled then return {'cancelled'} end
if input.most and redis.call('HINCRBY', record, 'back:' .. input.reason, 1) > input.most then return {'too often'} end
redis.call('HSET', record, 'state', 'queued', 'startedAt', '')
leaveRunning(tenant, id)
-- It has waited for its turn once; the queue's time may have begun anew since.
tag = math.min(tag, number(keys.fairness, 'now'))
enterQueue(tenant, id, ttl, tag, rank)
tellState(id, ttl, 'queued', input.attempt)
return {'done', priorityOf(tag, rank), unpack(promotable(tenant, input.cap))}`,
)

/** @returns ids of held jobs that may go: one of the tenant's may have ended in the meantime */
export const HOLD = luaScript<OfJob & Lasting & Capped, string[]>(
  'runyardHold',
  `${COMMON}
local held = keys.tenantHeld(input.tenant)
if not isFinished(input.id) then
  redis.call('ZADD', held, now(), input.id)
  redis.call('EXPIRE', held, input.ttlSeconds)
end
return promotable(input.tenant, input.cap)`,
)

/** @returns 1 when the job is to end: its worker may not have heard of it */
export const RENEW = luaScript<OfJob & { leaseMs: number }, number>(
  'runyardRenew',
  `${COMMON}
for _, key in ipairs({keys.running, keys.tenantRunning(input.tenant)}) do
  redis.call('ZADD', key, 'XX', now() + input.leaseMs, input.id)
end
return redis.call('HEXISTS', keys.job(input.id), 'cancel')`,
)

/**
 * After the base has moved: the priorities of queued jobs by it, the last of them first, so that none is passed over when some
 * leave meanwhile.
 * @returns the place of the first, then flat pairs of id and priority; an empty list when the base has not moved
 */
export const REORDER = luaScript<
  {
    /** Place in the queue before which to look; absent: its end. */
    to: number | undefined
    count: number
  },
  [number, ...(number | string)[]] | []
>(
  'runyardReorder',
  `${COMMON}
local moved, base = unpack(redis.call('HMGET', keys.fairness, 'moved', 'base'))
if not moved then return {} end
local to = input.to or redis.call('ZCARD', keys.queued)
local from = math.max(0, to - input.count)
local answer = {from}
for _, id in ipairs(to > 0 and redis.call('ZRANGE', keys.queued, from, to - 1) or {}) do
  local tag, rank = unpack(redis.call('HMGET', keys.job(id), 'tag', 'rank'))
  answer[#answer + 1] = id
  answer[#answer + 1] = priorityOf(tonumber(tag or 0), tonumber(rank or 1), tonumber(base or 0))
end
return answer`,
)

/** The priorities have been set by the base. */
export const REORDERED = luaScript<Record<string, never>, number>(
  'runyardReordered',
  `return redis.call('HDEL', keys.fairness, 'moved')`,
)

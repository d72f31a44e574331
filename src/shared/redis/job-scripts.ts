import type { Redis, Result } from 'ioredis'
import { ADD_DELIVERY } from '../webhooks/delivery-scripts.ts'

/**
 * The steps of a job's life, each one script, so that its record, its events and the places it is counted in never
 * disagree, whoever is killed when.
 *
 * A *queued* job is in two sorted sets, of all queued jobs and of its tenant's. A *running* one is in its tenant's set of
 * running jobs, with a lease that its worker renews. A job that finds its tenant's cap met goes back to the queue's delayed
 * jobs and is *held*: whoever ends a job of that tenant is told which held one may go.
 *
 * Fairness is start-time fair queueing (Goyal, Vin, Cheng 1996) with a cost of 1 for each job: a job's tag is one more than
 * its tenant's last tag or the queue's virtual time, whichever is later, and the tag is its priority in the queue. The
 * virtual time is the highest tag that was started. A tenant that queues 500 jobs at once thus gets 500 rising tags, and the
 * next tenant's first job stands beside the first of those. Of a tenant's own jobs a new one stands behind those of the same
 * and of higher ranks only; one of the lowest rank lets everybody pass for a hundred rounds. Among equal tags the higher
 * rank goes first.
 *
 * Finished jobs go with their time (the own lifetime of record, events and artifacts), or before it when their tenant has more of
 * them than are kept.
 */

/** BullMQ's last priority. */
const MAX_PRIORITY = 2_097_151
const MAX_EVENTS = 20_000
/** Of so many ends the rate is told at which jobs leave the queue. */
const ENDS_KEPT = 100
const ENDS_TTL_SECONDS = 600
/** How long a request with an `Idempotency-Key` is known. */
export const IDEMPOTENCY_TTL_SECONDS = 24 * 3600
/** Ranks of a tenant's own jobs: 0 to 2. */
const RANKS = 3
const MAX_TAG = Math.floor(MAX_PRIORITY / RANKS)
/** The priority in the queue of a job with this tag. */
export const priorityOf = (tag: number, rank: number): number => tag * RANKS - rank
/** Rounds for which a job of the lowest rank lets others pass. */
const LOW_RANK_ROUNDS = 100
/** Old jobs that one end clears away at most, so that no script takes long. */
const CLEARED_AT_ONCE = 100

const COMMON = `${ADD_DELIVERY}
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function tell(events, ttl, from)
  for i = from, #ARGV, 2 do
    local id = redis.call('XADD', events, 'MAXLEN', '~', ${MAX_EVENTS}, '*', 't', ARGV[i], 'd', ARGV[i + 1])
    redis.call('PUBLISH', events, id .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 1])
  end
  redis.call('EXPIRE', events, ttl)
end
local function tellState(events, ttl, state, attempt)
  local data = '{"state":"' .. state .. '","attempt":' .. attempt .. '}'
  local id = redis.call('XADD', events, 'MAXLEN', '~', ${MAX_EVENTS}, '*', 't', 'state', 'd', data)
  redis.call('PUBLISH', events, id .. ' state ' .. data)
  redis.call('EXPIRE', events, ttl)
end
local function enterQueue(queued, tenantQueued, ttl, id)
  for _, key in ipairs({queued, tenantQueued}) do
    redis.call('ZADD', key, now(), id)
    redis.call('EXPIRE', key, ttl)
  end
end
local function leaveQueue(queued, tenantQueued, fairness, tenant, id, tag)
  redis.call('ZREM', queued, id)
  redis.call('ZREM', tenantQueued, id)
  if redis.call('ZCARD', queued) == 0 then
    redis.call('DEL', fairness)
    return
  end
  if tag and tag > tonumber(redis.call('HGET', fairness, 'now') or 0) then redis.call('HSET', fairness, 'now', tag) end
  if redis.call('ZCARD', tenantQueued) == 0 then
    for rank = 0, ${RANKS - 1} do redis.call('HDEL', fairness, rank .. ':' .. tenant) end
  end
end
local function free(running, cap)
  redis.call('ZREMRANGEBYSCORE', running, '-inf', now())
  return cap - redis.call('ZCARD', running)
end
local function next(running, held, cap)
  if cap == 0 then return {} end
  local room = math.min(free(running, cap), 1000)
  if room <= 0 then return {} end
  local ids = redis.call('ZRANGE', held, 0, room - 1)
  if #ids > 0 then redis.call('ZREM', held, unpack(ids)) end
  return ids
end
local function isFinished(record)
  return (redis.call('HGET', record, 'result') or '') ~= ''
end
`

/**
 * KEYS: record, events, queued, tenant's queued, fairness, ends, tenant's jobs, what is known of the idempotency key (the
 * record again when there is none).
 * ARGV: ttl, id, tenant, most queued, most queued of the tenant, rank, fingerprint or '', count of hash arguments, hash
 * arguments..., then type and data of each event.
 * @returns {1, tag}; {2, what is known of the idempotency key, or as if it were when the record is there already}; or {0, queued, tenant's queued, ends looked at, ms since
 * the oldest of them, tenants waiting}
 */
const ADMIT = `${COMMON}
local ttl, id, tenant, rank, fingerprint = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[6]), ARGV[7]
if fingerprint ~= '' then
  local known = redis.call('GET', KEYS[8])
  if known then return {2, known} end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {2, id .. ' ' .. fingerprint} end
local waiting, own = redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4])
if waiting >= tonumber(ARGV[4]) or own >= tonumber(ARGV[5]) then
  local oldest = redis.call('LINDEX', KEYS[6], -1)
  return {0, waiting, own, redis.call('LLEN', KEYS[6]), oldest and now() - oldest or 0, redis.call('HLEN', KEYS[5])}
end
local last = tonumber(redis.call('HGET', KEYS[5], 'now') or 0)
for higher = rank, ${RANKS - 1} do
  last = math.max(last, tonumber(redis.call('HGET', KEYS[5], higher .. ':' .. tenant) or 0))
end
if rank == 0 and redis.call('HEXISTS', KEYS[5], '0:' .. tenant) == 0 then last = last + ${LOW_RANK_ROUNDS} end
local tag = math.min(last + 1, ${MAX_TAG})
redis.call('HSET', KEYS[5], rank .. ':' .. tenant, tag)
redis.call('EXPIRE', KEYS[5], ttl)
enterQueue(KEYS[3], KEYS[4], ttl, id)
if fingerprint ~= '' then redis.call('SET', KEYS[8], id .. ' ' .. fingerprint, 'EX', ${IDEMPOTENCY_TTL_SECONDS}) end
redis.call('ZADD', KEYS[7], 0, id)
redis.call('EXPIRE', KEYS[7], ttl)
local fields = tonumber(ARGV[8])
redis.call('HSET', KEYS[1], 'tag', tag, unpack(ARGV, 9, 8 + fields))
redis.call('EXPIRE', KEYS[1], ttl)
tell(KEYS[2], ttl, 9 + fields)
return {1, tag}`

/**
 * KEYS: record, events, queued, tenant's queued, fairness, tenant's running, running, then those of the delivery that tells of
 * it.
 * ARGV: ttl, id, tenant, cap or 0, lease in ms, started at, head, where its start is told or '', where its end, then id, event
 * and body of the delivery.
 * @returns {'finished'}, {'cancelled', attempt} when it is to end before it begins, {'held'}, or {'started', attempt, id of the
 * delivery or ''}
 */
const START = `${COMMON}
local ttl, id, tenant, cap = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
if isFinished(KEYS[1]) then return {'finished'} end
if redis.call('HEXISTS', KEYS[1], 'cancel') == 1 then return {'cancelled', tonumber(redis.call('HGET', KEYS[1], 'attempt'))} end
if cap > 0 and not redis.call('ZSCORE', KEYS[6], id) and free(KEYS[6], cap) <= 0 then return {'held'} end
for _, key in ipairs({KEYS[6], KEYS[7]}) do
  redis.call('ZADD', key, now() + ARGV[5], id)
  redis.call('EXPIRE', key, ttl)
end
local attempt = redis.call('HINCRBY', KEYS[1], 'attempt', 1)
redis.call('HSET', KEYS[1], 'head', ARGV[7], 'tenant', tenant, 'state', 'running', 'startedAt', ARGV[6], 'result', '',
  'startedUrl', ARGV[8], 'finishedUrl', ARGV[9])
redis.call('EXPIRE', KEYS[1], ttl)
leaveQueue(KEYS[3], KEYS[4], KEYS[5], tenant, id, tonumber(redis.call('HGET', KEYS[1], 'tag') or 0))
tellState(KEYS[2], ttl, 'running', attempt)
return {'started', attempt, addDelivery(KEYS[8], KEYS[9], KEYS[10], now(), tenant, id, ARGV[10], ARGV[11], ARGV[12], ARGV[8])}`

/**
 * KEYS: record, events. ARGV: ttl, attempt, then type and data of each event.
 * @returns 0 when the job has its result, or another attempt runs: nothing is added then
 */
const APPEND = `${COMMON}
if isFinished(KEYS[1]) or redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[2] then return 0 end
tell(KEYS[2], tonumber(ARGV[1]), 3)
return 1`

/**
 * KEYS: record, events, queued, tenant's queued, fairness, tenant's running, tenant's held, ends, tenant's jobs, tenant's
 * finished, running, then the three of the delivery that tells of it, input.
 * ARGV: ttl, id, tenant, cap or 0, attempt or '' for any, state it must be in or '' for any, finished jobs kept, beginning of
 * the names of records, of events and of artifacts, id, event and body of the delivery, count of hash arguments, hash
 * arguments..., then type and data of each event.
 * @returns {1 when stored else 0, id of the delivery or '', ids of held jobs that may go...}
 */
const FINISH = `${COMMON}
local ttl, id, tenant, cap = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local state, attempt = unpack(redis.call('HMGET', KEYS[1], 'state', 'attempt'))
if isFinished(KEYS[1]) or (ARGV[5] ~= '' and attempt ~= ARGV[5]) or (ARGV[6] ~= '' and state ~= ARGV[6]) then return {0, ''} end
local fields = tonumber(ARGV[14])
redis.call('HSET', KEYS[1], unpack(ARGV, 15, 14 + fields))
redis.call('EXPIRE', KEYS[1], ttl)
redis.call('EXPIRE', ARGV[10] .. id, ttl)
tell(KEYS[2], ttl, 15 + fields)
local delivery = addDelivery(KEYS[12], KEYS[13], KEYS[14], now(), tenant, id, ARGV[11], ARGV[12], ARGV[13],
  redis.call('HGET', KEYS[1], 'finishedUrl'))
leaveQueue(KEYS[3], KEYS[4], KEYS[5], tenant, id, nil)
for _, key in ipairs({KEYS[6], KEYS[7], KEYS[11]}) do redis.call('ZREM', key, id) end
redis.call('DEL', KEYS[15])
redis.call('LPUSH', KEYS[8], now())
redis.call('LTRIM', KEYS[8], 0, ${ENDS_KEPT - 1})
redis.call('EXPIRE', KEYS[8], ${ENDS_TTL_SECONDS})
redis.call('ZADD', KEYS[10], now(), id)
redis.call('EXPIRE', KEYS[10], ttl)
local old = redis.call('ZRANGE', KEYS[10], '-inf', now() - ttl * 1000, 'BYSCORE', 'LIMIT', 0, ${CLEARED_AT_ONCE})
if #old == 0 then
  local over = math.min(redis.call('ZCARD', KEYS[10]) - ARGV[7], ${CLEARED_AT_ONCE})
  if over > 0 then old = redis.call('ZRANGE', KEYS[10], 0, over - 1) end
end
for _, one in ipairs(old) do
  redis.call('DEL', ARGV[8] .. one, ARGV[9] .. one, ARGV[10] .. one)
  redis.call('ZREM', KEYS[9], one)
  redis.call('ZREM', KEYS[10], one)
end
return {1, delivery, unpack(next(KEYS[6], KEYS[7], cap))}`

/**
 * KEYS: record, channel of cancellations. ARGV: id.
 * @returns the state: a running job is told to end, a queued one has to be finished, for the others there is nothing to do
 */
const CANCEL = `
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'running' then
  redis.call('HSET', KEYS[1], 'cancel', 1)
  redis.call('PUBLISH', KEYS[2], ARGV[1])
end
return state`

/**
 * KEYS: record, events, queued, tenant's queued, tenant's running, tenant's held, running. ARGV: ttl, id, cap or 0, attempt, how often it
 * may be put back for this reason ('' for any).
 * @returns {'done', ids of held jobs that may go...}, {'overtaken'}, or {'too often'}
 */
const PUT_BACK = `${COMMON}
local ttl, id = tonumber(ARGV[1]), ARGV[2]
if isFinished(KEYS[1]) or redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[4] then return {'overtaken'} end
-- Asked a second time: the connection was lost before the answer to the first.
if redis.call('HGET', KEYS[1], 'state') == 'queued' then return {'done'} end
if ARGV[5] ~= '' and redis.call('HINCRBY', KEYS[1], 'losses', 1) > tonumber(ARGV[5]) then return {'too often'} end
redis.call('HSET', KEYS[1], 'state', 'queued', 'startedAt', '')
redis.call('ZREM', KEYS[5], id)
redis.call('ZREM', KEYS[7], id)
enterQueue(KEYS[3], KEYS[4], ttl, id)
tellState(KEYS[2], ttl, 'queued', ARGV[4])
return {'done', unpack(next(KEYS[5], KEYS[6], tonumber(ARGV[3])))}`

/**
 * KEYS: tenant's running, tenant's held. ARGV: ttl, id, cap.
 * @returns ids of held jobs that may go: one of the tenant's may have ended in the meantime
 */
const HOLD = `${COMMON}
redis.call('ZADD', KEYS[2], now(), ARGV[2])
redis.call('EXPIRE', KEYS[2], tonumber(ARGV[1]))
return next(KEYS[1], KEYS[2], tonumber(ARGV[3]))`

/**
 * KEYS: tenant's running, record, running. ARGV: id, lease in ms.
 * @returns 1 when the job is to end: its worker may not have heard of it
 */
const RENEW = `${COMMON}
for _, key in ipairs({KEYS[1], KEYS[3]}) do redis.call('ZADD', key, 'XX', now() + ARGV[2], ARGV[1]) end
return redis.call('HEXISTS', KEYS[2], 'cancel')`

/**
 * KEYS: record, events, queued, tenant's queued, fairness, tenant's jobs, idempotency key or the record again. ARGV: id, tenant.
 * A job that a worker has taken, since it had got onto the queue after all, stays.
 */
const REMOVE = `${COMMON}
if redis.call('HGET', KEYS[1], 'attempt') ~= '0' then return 0 end
leaveQueue(KEYS[3], KEYS[4], KEYS[5], ARGV[2], ARGV[1], nil)
redis.call('ZREM', KEYS[6], ARGV[1])
return redis.call('DEL', KEYS[1], KEYS[2], KEYS[7])`

type Arguments = (string | number)[]

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardAdmit(...args: Arguments): Result<[number, ...(number | string)[]], Context>
    runyardStart(...args: Arguments): Result<[string, number?, string?], Context>
    runyardAppend(...args: Arguments): Result<number, Context>
    runyardFinish(...args: Arguments): Result<[number, string, ...string[]], Context>
    runyardPutBack(...args: Arguments): Result<[string, ...string[]], Context>
    runyardCancel(...args: Arguments): Result<string | null, Context>
    runyardHold(...args: Arguments): Result<string[], Context>
    runyardRenew(...args: Arguments): Result<number, Context>
    runyardRemove(...args: Arguments): Result<number, Context>
  }
}

/** Teaches a connection these commands. */
export function defineJobScripts(redis: Redis): void {
  redis.defineCommand('runyardAdmit', { numberOfKeys: 8, lua: ADMIT })
  redis.defineCommand('runyardStart', { numberOfKeys: 10, lua: START })
  redis.defineCommand('runyardAppend', { numberOfKeys: 2, lua: APPEND })
  redis.defineCommand('runyardFinish', { numberOfKeys: 15, lua: FINISH })
  redis.defineCommand('runyardPutBack', { numberOfKeys: 7, lua: PUT_BACK })
  redis.defineCommand('runyardCancel', { numberOfKeys: 2, lua: CANCEL })
  redis.defineCommand('runyardHold', { numberOfKeys: 2, lua: HOLD })
  redis.defineCommand('runyardRenew', { numberOfKeys: 3, lua: RENEW })
  redis.defineCommand('runyardRemove', { numberOfKeys: 7, lua: REMOVE })
}

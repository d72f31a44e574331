/**
 * What the scripts of a job's life share. Each of them is a step that cannot be seen half done, so that a job's record, its events and
 * the places it is counted in never disagree, whoever is killed when.
 *
 * A *queued* job is in two sorted sets, of all queued jobs and of its tenant's, and a *delayed* one in two others until it is
 * due. A *running* one is in its tenant's set of running jobs, with a lease that its worker renews. A job that finds its
 * tenant's cap met goes back to the queue's delayed jobs and is *held*: whoever ends a job of that tenant is told which held
 * one may go.
 *
 * Fairness is start-time fair queueing (Goyal, Vin, Cheng 1996) with a cost of 1 for each job: a job's tag is one more than
 * its tenant's last tag or the queue's virtual time, whichever is later, and the queue goes by tags. The virtual time is
 * the highest tag that was started. A tenant that queues 500 jobs at once thus gets 500 rising tags, and the next tenant's
 * first job stands beside the first of those. A tag is a place of the tenant's: when it comes up for a job while another goes
 * before it, by its rank or as they came, the two change places. One of the lowest rank lets everybody pass for a hundred rounds.
 *
 * Tags rise without end, while BullMQ's priorities do not: a priority is the distance of the tag from the *base*, which is moved
 * up to the virtual time now and then.
 *
 * Finished jobs go with their time, or before it when their tenant, or all together, have more of them than are kept, in number
 * or in bytes.
 */

/** BullMQ's last priority. */
export const MAX_PRIORITY = 2_097_151
/** Rounds for which a job of the lowest rank lets others pass. */
const LOW_RANK_ROUNDS = 100
/** The virtual time's distance from the base at which the base moves. */
export const REBASE_AT = 1_000_000
const MAX_EVENTS = 20_000
/** Of so many ends the rate is told at which jobs leave the queue. */
export const ENDS_KEPT = 100
/** Where a rank stands in the score of a tenant's queued jobs: above every tag. */
export const RANK_STEP = 2 ** 50

/** `tell`, for scripts made by `luaScript` that add to the events of a job. */
export const TELL = `
-- Events are pairs of type and data in list, from the first of these places to the last.
local function tell(id, ttl, list, from, to)
  local events, bytes = keys.events(id), 0
  for i = from, to, 2 do
    local entry = redis.call('XADD', events, 'MAXLEN', '~', ${MAX_EVENTS}, '*', 't', list[i], 'd', list[i + 1])
    redis.call('PUBLISH', events, entry .. ' ' .. list[i] .. ' ' .. list[i + 1])
    bytes = bytes + #list[i + 1]
  end
  redis.call('EXPIRE', events, ttl)
  redis.call('HINCRBY', keys.job(id), 'eventBytes', bytes)
end`

/** Functions for scripts made by `luaScript`. */
export const COMMON = `
local time
-- In ms; the same all through a script.
local function now()
  if not time then
    local clock = redis.call('TIME')
    time = clock[1] * 1000 + math.floor(clock[2] / 1000)
  end
  return time
end
local function number(hash, field) return tonumber(redis.call('HGET', hash, field) or 0) end
local function isFinished(id) return redis.call('HSTRLEN', keys.job(id), 'summary') > 0 end
local function expire(ttl, list)
  for _, key in ipairs(list) do redis.call('EXPIRE', key, ttl) end
end
${TELL}
local function stateEvent(state, attempt) return '{"state":"' .. state .. '","attempt":' .. attempt .. '}' end
local function tellState(id, ttl, state, attempt) tell(id, ttl, {'state', stateEvent(state, attempt)}, 1, 2) end

local function tagField(tenant) return 'tag:' .. tenant end
local function priorityOf(tag, rank, base)
  local distance = tag - (base or number(keys.fairness, 'base'))
  if rank == 0 then distance = distance + ${LOW_RANK_ROUNDS} end
  return math.max(1, math.min(distance, ${MAX_PRIORITY}))
end
-- The score of a job among those of its tenant that wait: by rank, then as they came.
local function turnScore(rank, turn) return string.format('%.0f', (2 - rank) * ${RANK_STEP} + turn) end

-- The bytes a job waits with are counted while it is queued or delayed.
local function countBytes(tenant, bytes)
  for _, field in ipairs({'all', 'of:' .. tenant}) do
    if redis.call('HINCRBY', keys.waitingBytes, field, bytes) <= 0 then redis.call('HDEL', keys.waitingBytes, field) end
  end
end
local function expireQueue(tenant, ttl)
  expire(ttl, {keys.queued, keys.tenantQueued(tenant), keys.fairness, keys.waitingBytes})
end
-- A job that waits again, or is due now; its bytes are counted anew.
local function enterQueue(tenant, id, ttl, tag, rank)
  local record, own = keys.job(id), keys.tenantQueued(tenant)
  local turn, size = unpack(redis.call('HMGET', record, 'turn', 'size'))
  if not turn or turn == '0' then turn = tag end
  if redis.call('ZCARD', own) == 0 then redis.call('HINCRBY', keys.fairness, 'tenants', 1) end
  redis.call('ZADD', keys.queued, now(), id)
  redis.call('ZADD', own, turnScore(rank, tonumber(turn)), id)
  redis.call('HSET', record, 'tag', tag, 'turn', turn)
  countBytes(tenant, tonumber(size or 0))
  expireQueue(tenant, ttl)
end
local function leaveDelayed(tenant, id)
  if redis.call('ZREM', keys.delayed, id) == 0 then return false end
  redis.call('ZREM', keys.tenantDelayed(tenant), id)
  countBytes(tenant, 0 - number(keys.job(id), 'size'))
  return true
end
local function leaveQueue(tenant, id)
  if redis.call('ZREM', keys.queued, id) == 0 then return leaveDelayed(tenant, id) end
  redis.call('ZREM', keys.tenantQueued(tenant), id)
  countBytes(tenant, 0 - number(keys.job(id), 'size'))
  if redis.call('EXISTS', keys.queued) == 0 then
    redis.call('DEL', keys.fairness)
  elseif redis.call('EXISTS', keys.tenantQueued(tenant)) == 0 then
    redis.call('HDEL', keys.fairness, tagField(tenant))
    redis.call('HINCRBY', keys.fairness, 'tenants', -1)
  end
  return true
end

local function leaveRunning(tenant, id)
  for _, key in ipairs({keys.running, keys.tenantRunning(tenant)}) do redis.call('ZREM', key, id) end
end
local function room(tenant, cap)
  redis.call('ZREMRANGEBYSCORE', keys.tenantRunning(tenant), '-inf', now())
  return cap - redis.call('ZCARD', keys.tenantRunning(tenant))
end
-- Held jobs that may go.
local function promotable(tenant, cap)
  if cap == 0 then return {} end
  local free = math.min(room(tenant, cap), 1000)
  if free <= 0 then return {} end
  local ids = redis.call('ZRANGE', keys.tenantHeld(tenant), 0, free - 1)
  if #ids > 0 then redis.call('ZREM', keys.tenantHeld(tenant), unpack(ids)) end
  return ids
end
`

import { ADD_DELIVERY } from '../../webhooks/delivery-scripts.ts'

/**
 * What the scripts of a job's life share. Each of them is a step that cannot be seen half done, so that a job's record, its events and
 * the places it is counted in never disagree, whoever is killed when.
 *
 * KEYS[1] is the prefix of all names; the names stand in `createKeys` too.
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

export const COMMON = `${ADD_DELIVERY}
local P = KEYS[1]
local QUEUED, DELAYED, RUNNING, FAIRNESS = P .. ':queued', P .. ':delayed', P .. ':running', P .. ':fairness'
local WAITING_BYTES, FINISHED, STORED = P .. ':waiting-bytes', P .. ':finished', P .. ':stored'
local SIZES, ENDS, ALL_JOBS = P .. ':sizes', P .. ':ends', P .. ':all-jobs'
local function recordOf(id) return P .. ':job:' .. id end
local function eventsOf(id) return P .. ':events:' .. id end
local function inputOf(id) return P .. ':input:' .. id end
local function repliesTo(gateway) return P .. ':replies:' .. gateway end
local function artifactsOf(id) return P .. ':artifacts:' .. id end
local function queuedOf(tenant) return P .. ':queued:' .. tenant end
local function delayedOf(tenant) return P .. ':delayed:' .. tenant end
local function runningOf(tenant) return P .. ':running:' .. tenant end
local function heldOf(tenant) return P .. ':held:' .. tenant end
local function jobsOf(tenant) return P .. ':jobs-of:' .. tenant end
local function finishedOf(tenant) return P .. ':finished-of:' .. tenant end
local function tagKey(tenant) return 'tag:' .. tenant end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function number(hash, field) return tonumber(redis.call('HGET', hash, field) or 0) end
local function isFinished(id) return (redis.call('HGET', recordOf(id), 'summary') or '') ~= '' end

-- Events are pairs of type and data in list, from the first of these places to the last.
local function tell(id, ttl, list, from, to)
  local events, bytes = eventsOf(id), 0
  for i = from, to, 2 do
    local entry = redis.call('XADD', events, 'MAXLEN', '~', ${MAX_EVENTS}, '*', 't', list[i], 'd', list[i + 1])
    redis.call('PUBLISH', events, entry .. ' ' .. list[i] .. ' ' .. list[i + 1])
    bytes = bytes + #list[i + 1]
  end
  redis.call('EXPIRE', events, ttl)
  redis.call('HINCRBY', recordOf(id), 'eventBytes', bytes)
end
local function tellState(id, ttl, state, attempt)
  tell(id, ttl, {'state', '{"state":"' .. state .. '","attempt":' .. attempt .. '}'}, 1, 2)
end

local function priorityOf(tag, rank)
  local distance = tag - number(FAIRNESS, 'base')
  if rank == 0 then distance = distance + ${LOW_RANK_ROUNDS} end
  return math.max(1, math.min(distance, ${MAX_PRIORITY}))
end
local function nextTag(tenant)
  local tag = math.max(number(FAIRNESS, 'now'), number(FAIRNESS, tagKey(tenant))) + 1
  redis.call('HSET', FAIRNESS, tagKey(tenant), tag)
  return tag
end

-- The bytes a job waits with are counted while it is queued or delayed.
local function countBytes(tenant, bytes)
  for _, field in ipairs({'all', 'of:' .. tenant}) do
    if redis.call('HINCRBY', WAITING_BYTES, field, bytes) <= 0 then redis.call('HDEL', WAITING_BYTES, field) end
  end
end
local function enterQueue(tenant, id, ttl, tag, rank)
  if redis.call('ZCARD', queuedOf(tenant)) == 0 then redis.call('HINCRBY', FAIRNESS, 'tenants', 1) end
  redis.call('ZADD', QUEUED, now(), id)
  -- Among its tenant's: by rank, then as they came.
  local turn = number(recordOf(id), 'turn')
  if turn == 0 then turn = tag end
  redis.call('HSET', recordOf(id), 'tag', tag, 'turn', turn)
  redis.call('ZADD', queuedOf(tenant), string.format('%.0f', (2 - rank) * ${RANK_STEP} + turn), id)
  countBytes(tenant, number(recordOf(id), 'size'))
  for _, key in ipairs({QUEUED, queuedOf(tenant), FAIRNESS, WAITING_BYTES}) do redis.call('EXPIRE', key, ttl) end
end
local function enterDelayed(tenant, id, ttl, due)
  for _, key in ipairs({DELAYED, delayedOf(tenant)}) do redis.call('ZADD', key, due, id) end
  countBytes(tenant, number(recordOf(id), 'size'))
  for _, key in ipairs({DELAYED, delayedOf(tenant), WAITING_BYTES}) do redis.call('EXPIRE', key, ttl) end
end
local function leaveDelayed(tenant, id)
  if redis.call('ZREM', DELAYED, id) == 0 then return false end
  redis.call('ZREM', delayedOf(tenant), id)
  countBytes(tenant, 0 - number(recordOf(id), 'size'))
  return true
end
local function leaveQueue(tenant, id)
  if redis.call('ZREM', QUEUED, id) == 0 then return leaveDelayed(tenant, id) end
  redis.call('ZREM', queuedOf(tenant), id)
  countBytes(tenant, 0 - number(recordOf(id), 'size'))
  if redis.call('ZCARD', QUEUED) == 0 then
    redis.call('DEL', FAIRNESS)
  elseif redis.call('ZCARD', queuedOf(tenant)) == 0 then
    redis.call('HDEL', FAIRNESS, tagKey(tenant))
    redis.call('HINCRBY', FAIRNESS, 'tenants', -1)
  end
  return true
end

local function leaveRunning(tenant, id)
  for _, key in ipairs({RUNNING, runningOf(tenant)}) do redis.call('ZREM', key, id) end
end
local function room(tenant, cap)
  redis.call('ZREMRANGEBYSCORE', runningOf(tenant), '-inf', now())
  return cap - redis.call('ZCARD', runningOf(tenant))
end
-- Held jobs that may go.
local function release(tenant, cap)
  if cap == 0 then return {} end
  local free = math.min(room(tenant, cap), 1000)
  if free <= 0 then return {} end
  local ids = redis.call('ZRANGE', heldOf(tenant), 0, free - 1)
  if #ids > 0 then redis.call('ZREM', heldOf(tenant), unpack(ids)) end
  return ids
end
`

type Arguments = (string | number | Buffer)[]
/** Arguments of a script: the prefix of all names, then its own. */
export type ScriptArguments = [prefix: string, ...Arguments]

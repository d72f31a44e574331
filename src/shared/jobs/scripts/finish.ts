import { EXTEND } from '../../redis/extend-script.ts'
import { luaScript } from '../../redis/lua-script.ts'
import { ADD_DELIVERY } from '../../webhooks/delivery-scripts.ts'
import { COMMON, ENDS_KEPT } from './common.ts'

const ENDS_TTL_SECONDS = 600
/** Old jobs that one end clears away at most, so that no script takes long. */
const CLEARED_AT_ONCE = 100

/**
 * Bulk: summary, output, layout, specification, body of the delivery that tells of the end, what the gateway that waits for it is sent in
 * place of the last event, head of the job if its record is to be made (each of the last four may be empty); then type and data of each event.
 * @returns {1 when stored else 0, id of the delivery or '', ids of held jobs that may go...}; {-1} when there is no record, and none is to be made
 */
export const FINISH = luaScript<
  {
    /** How long it is kept. */
    ttlSeconds: number
    id: string
    tenant: string
    /** Conditions: the attempt that must be the last, the state it must be in. */
    onlyAttempt: number | undefined
    onlyState: string | undefined
    state: string
    attempt: number
    startedAt: string
    /** Finished jobs of the tenant that are kept, bytes of them, bytes of all tenants'. */
    tenantResultsKept: number
    tenantMaxStoredBytes: number
    maxStoredBytes: number
    /** Stored beside record and events. */
    artifactBytes: number
    /** Id of the one that has its packages. */
    environment: string | undefined
    deliveryId: string | undefined
    deliveryEvent: string | undefined
    /** Whether its record is made, if there is none. */
    makes: boolean
  },
  [number, string, ...string[]]
>(
  'runyardFinish',
  `${COMMON}${EXTEND}${ADD_DELIVERY}
local ttl, id, tenant = input.ttlSeconds, input.id, input.tenant
local record = keys.job(id)
local tenantOf, state, attempt, cap, replyTo, finishedUrl = unpack(
  redis.call('HMGET', record, 'tenant', 'state', 'attempt', 'cap', 'replyTo', 'finishedUrl'))
if isFinished(id) or (input.onlyAttempt and tonumber(attempt or 0) ~= input.onlyAttempt) or (input.onlyState and state ~= input.onlyState) then
  return {0, ''}
end
if not tenantOf and not input.makes then return {-1, ''} end
leaveQueue(tenant, id)
leaveRunning(tenant, id)
redis.call('ZREM', keys.tenantHeld(tenant), id)
redis.call('UNLINK', keys.input(id))
local summary, output, layout, spec, body, reply, head = unpack(bulk, 1, 7)
redis.call('HSET', record, 'state', input.state, 'attempt', input.attempt, 'startedAt', input.startedAt,
  'summary', summary, 'output', output, 'layout', layout)
if spec ~= '' then redis.call('HSET', record, 'spec', spec) end
if not tenantOf then redis.call('HSET', record, 'head', head, 'tenant', tenant) end
tell(id, ttl, bulk, 8, #bulk)
if replyTo then redis.call('PUBLISH', keys.replies(replyTo), id .. ' ' .. (reply ~= '' and reply or bulk[#bulk])) end
expire(ttl, {record, keys.artifacts(id)})
-- It has the job's lock, which is read for as long as the job is.
if input.environment then extend(keys.environment(input.environment), ttl) end
local delivery = input.deliveryId and addDelivery(now(), tenant, id, input.deliveryId, input.deliveryEvent, body, finishedUrl)
redis.call('LPUSH', keys.ends, now())
redis.call('LTRIM', keys.ends, 0, ${ENDS_KEPT - 1})
redis.call('EXPIRE', keys.ends, ${ENDS_TTL_SECONDS})

local bytes = input.artifactBytes + #summary + #output + #layout + #spec + number(record, 'eventBytes')
for _, field in ipairs({'head', 'request'}) do bytes = bytes + redis.call('HSTRLEN', record, field) end
local finishedOf = keys.tenantFinished(tenant)
for _, key in ipairs({keys.finished, finishedOf}) do redis.call('ZADD', key, now(), id) end
redis.call('HSET', keys.sizes, id, bytes .. ' ' .. tenant)
for _, field in ipairs({'all', 'of:' .. tenant}) do redis.call('HINCRBY', keys.stored, field, bytes) end
expire(ttl, {keys.finished, finishedOf, keys.sizes, keys.stored})

local function forget(one)
  local size, owner = string.match(redis.call('HGET', keys.sizes, one) or ('0 ' .. tenant), '^(%d+) (.*)$')
  redis.call('HDEL', keys.sizes, one)
  for _, field in ipairs({'all', 'of:' .. owner}) do
    if redis.call('HINCRBY', keys.stored, field, 0 - size) <= 0 then redis.call('HDEL', keys.stored, field) end
  end
  redis.call('UNLINK', keys.job(one), keys.events(one), keys.artifacts(one))
  for _, key in ipairs({keys.finished, keys.tenantFinished(owner), keys.tenantJobs(owner), keys.allJobs}) do redis.call('ZREM', key, one) end
end
-- The oldest goes while there is too much, but never the one that has just ended.
local function trim(set, isOver)
  for _ = 1, ${CLEARED_AT_ONCE} do
    if not isOver() then return end
    local oldest = redis.call('ZRANGE', set, 0, 0)[1]
    if not oldest or oldest == id then return end
    forget(oldest)
  end
end
for _, one in ipairs(redis.call('ZRANGE', keys.finished, '-inf', now() - ttl * 1000, 'BYSCORE', 'LIMIT', 0, ${CLEARED_AT_ONCE})) do forget(one) end
trim(finishedOf, function()
  return redis.call('ZCARD', finishedOf) > input.tenantResultsKept or number(keys.stored, 'of:' .. tenant) > input.tenantMaxStoredBytes
end)
trim(keys.finished, function() return number(keys.stored, 'all') > input.maxStoredBytes end)
return {1, delivery or '', unpack(promotable(tenant, tonumber(cap or 0)))}`,
)

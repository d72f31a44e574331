import { COMMON, ENDS_KEPT } from './common.ts'

const ENDS_TTL_SECONDS = 600
/** Old jobs that one end clears away at most, so that no script takes long. */
const CLEARED_AT_ONCE = 100

/**
 * ARGV: ttl, id, tenant, attempt or '' for any, state it must be in or '' for any, finished jobs of the tenant that are kept,
 * bytes of them, bytes of all tenants' that are kept, bytes stored beside record and events, what the gateway that waits for it is sent or ''
 * for the last event, id, event and body of the delivery that tells of it, count of hash arguments, hash arguments..., then type and data of each event.
 * @returns {1 when stored else 0, id of the delivery or '', ids of held jobs that may go...}
 */
export const FINISH = `${COMMON}
local ttl, id, tenant = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local record = recordOf(id)
local state, attempt, cap, replyTo = unpack(redis.call('HMGET', record, 'state', 'attempt', 'cap', 'replyTo'))
if isFinished(id) or (ARGV[4] ~= '' and attempt ~= ARGV[4]) or (ARGV[5] ~= '' and state ~= ARGV[5]) then return {0, ''} end
leaveQueue(tenant, id)
leaveRunning(tenant, id)
redis.call('ZREM', heldOf(tenant), id)
redis.call('UNLINK', inputOf(id))
local fields, bytes = tonumber(ARGV[14]), tonumber(ARGV[9])
for i = 15, 14 + fields do bytes = bytes + #ARGV[i] end
redis.call('HSET', record, unpack(ARGV, 15, 14 + fields))
tell(id, ttl, ARGV, 15 + fields, #ARGV)
if replyTo then redis.call('PUBLISH', repliesTo(replyTo), id .. ' ' .. (ARGV[10] ~= '' and ARGV[10] or ARGV[#ARGV])) end
for _, key in ipairs({record, artifactsOf(id)}) do redis.call('EXPIRE', key, ttl) end
local delivery = addDelivery(P, now(), tenant, id, ARGV[11], ARGV[12], ARGV[13], redis.call('HGET', record, 'finishedUrl'))
redis.call('LPUSH', ENDS, now())
redis.call('LTRIM', ENDS, 0, ${ENDS_KEPT - 1})
redis.call('EXPIRE', ENDS, ${ENDS_TTL_SECONDS})

bytes = bytes + number(record, 'eventBytes') + redis.call('HSTRLEN', record, 'request')
for _, key in ipairs({FINISHED, finishedOf(tenant)}) do redis.call('ZADD', key, now(), id) end
redis.call('HSET', SIZES, id, bytes .. ' ' .. tenant)
for _, field in ipairs({'all', 'of:' .. tenant}) do redis.call('HINCRBY', STORED, field, bytes) end
for _, key in ipairs({FINISHED, finishedOf(tenant), SIZES, STORED}) do redis.call('EXPIRE', key, ttl) end

local function forget(one)
  local size, owner = string.match(redis.call('HGET', SIZES, one) or ('0 ' .. tenant), '^(%d+) (.*)$')
  redis.call('HDEL', SIZES, one)
  for _, field in ipairs({'all', 'of:' .. owner}) do
    if redis.call('HINCRBY', STORED, field, 0 - size) <= 0 then redis.call('HDEL', STORED, field) end
  end
  redis.call('UNLINK', recordOf(one), eventsOf(one), artifactsOf(one))
  for _, key in ipairs({FINISHED, finishedOf(owner), jobsOf(owner), ALL_JOBS}) do redis.call('ZREM', key, one) end
end
-- The oldest goes while there is too much, but never the one that has just ended.
local function trim(set, isOver)
  for _ = 1, ${CLEARED_AT_ONCE} do
    local oldest = redis.call('ZRANGE', set, 0, 0)[1]
    if not oldest or oldest == id or not isOver() then return end
    forget(oldest)
  end
end
for _, one in ipairs(redis.call('ZRANGE', FINISHED, '-inf', now() - ttl * 1000, 'BYSCORE', 'LIMIT', 0, ${CLEARED_AT_ONCE})) do forget(one) end
trim(finishedOf(tenant), function()
  return redis.call('ZCARD', finishedOf(tenant)) > tonumber(ARGV[6]) or number(STORED, 'of:' .. tenant) > tonumber(ARGV[7])
end)
trim(FINISHED, function() return number(STORED, 'all') > tonumber(ARGV[8]) end)
return {1, delivery, unpack(release(tenant, tonumber(cap or 0)))}`

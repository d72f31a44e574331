import { COMMON } from './common.ts'

/**
 * ARGV: ttl, id, tenant, cap or 0, lease in ms, started at, head, where its start is told or '', where its end, id, event and
 * body of the delivery that tells of the start, what no other start has.
 * @returns {'finished'}; {'cancelled', attempt} when it is to end before it begins; {'held'}; {'later', its priority, then id and
 * priority of one that changed places with it}; or {'started', attempt, id of the delivery or ''}
 */
export const START = `${COMMON}
local ttl, id, tenant, cap = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local record = recordOf(id)
if isFinished(id) then return {'finished'} end
if redis.call('HEXISTS', record, 'cancel') == 1 then return {'cancelled', number(record, 'attempt')} end
-- Asked a second time: the connection was lost before the answer to the first.
if redis.call('HGET', record, 'start') == ARGV[13] then return {'started', number(record, 'attempt'), ARGV[8] ~= '' and ARGV[10] or ''} end
local rank = tonumber(redis.call('HGET', record, 'rank') or 1)
if leaveDelayed(tenant, id) then
  -- Due: now it takes its place among those that wait.
  local tag = nextTag(tenant)
  enterQueue(tenant, id, ttl, tag, rank)
  if redis.call('ZCARD', QUEUED) > 1 then return {'later', priorityOf(tag, rank)} end
end
if cap > 0 and not redis.call('ZSCORE', runningOf(tenant), id) and room(tenant, cap) <= 0 then return {'held'} end
local tag = number(record, 'tag')
local first = redis.call('ZRANGE', queuedOf(tenant), 0, 0)[1]
if first and first ~= id and number(record, 'attempt') == 0 and not redis.call('ZSCORE', heldOf(tenant), first) then
  local firstTag, firstRank = unpack(redis.call('HMGET', recordOf(first), 'tag', 'rank'))
  firstTag, firstRank = tonumber(firstTag or 0), tonumber(firstRank or 1)
  if firstTag > tag then
    redis.call('HSET', record, 'tag', firstTag)
    redis.call('HSET', recordOf(first), 'tag', tag)
    return {'later', priorityOf(firstTag, rank), first, priorityOf(tag, firstRank)}
  end
end
for _, key in ipairs({runningOf(tenant), RUNNING}) do
  redis.call('ZADD', key, now() + ARGV[5], id)
  redis.call('EXPIRE', key, ttl)
end
local attempt = redis.call('HINCRBY', record, 'attempt', 1)
redis.call('HSET', record, 'head', ARGV[7], 'tenant', tenant, 'state', 'running', 'startedAt', ARGV[6], 'summary', '',
  'cap', cap, 'startedUrl', ARGV[8], 'finishedUrl', ARGV[9], 'start', ARGV[13], 'added', 0)
redis.call('EXPIRE', record, ttl)
redis.call('ZREM', heldOf(tenant), id)
leaveQueue(tenant, id)
if redis.call('EXISTS', FAIRNESS) == 1 and tag > number(FAIRNESS, 'now') then redis.call('HSET', FAIRNESS, 'now', tag) end
tellState(id, ttl, 'running', attempt)
return {'started', attempt, addDelivery(P, now(), tenant, id, ARGV[10], ARGV[11], ARGV[12], ARGV[8])}`

/**
 * ARGV: ttl, id, attempt, number of this addition in the attempt, then type and data of each event.
 * @returns 0 when the job has its result, or another attempt runs: nothing is added then
 */
export const APPEND = `${COMMON}
local id = ARGV[2]
local attempt, added = unpack(redis.call('HMGET', recordOf(id), 'attempt', 'added'))
if isFinished(id) or attempt ~= ARGV[3] then return 0 end
-- Asked a second time: the connection was lost before the answer to the first.
if tonumber(added or 0) >= tonumber(ARGV[4]) then return 1 end
redis.call('HSET', recordOf(id), 'added', ARGV[4])
tell(id, tonumber(ARGV[1]), ARGV, 5, #ARGV)
return 1`

/**
 * ARGV: id, channel of cancellations.
 * @returns the state: a running job is told to end, a queued one has to be finished, for the others there is nothing to do
 */
export const CANCEL = `${COMMON}
local state = redis.call('HGET', recordOf(ARGV[1]), 'state')
if state == 'running' then
  redis.call('HSET', recordOf(ARGV[1]), 'cancel', 1)
  redis.call('PUBLISH', ARGV[2], ARGV[1])
end
return state`

/**
 * ARGV: ttl, id, tenant, cap or 0, attempt, reason, how often it may be put back for it ('' for any).
 * @returns {'done', priority, ids of held jobs that may go...}, {'overtaken'}, {'cancelled'}, or {'too often'}
 */
export const PUT_BACK = `${COMMON}
local ttl, id, tenant = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local record = recordOf(id)
if isFinished(id) or redis.call('HGET', record, 'attempt') ~= ARGV[5] then return {'overtaken'} end
local rank = tonumber(redis.call('HGET', record, 'rank') or 1)
-- Asked a second time: the connection was lost before the answer to the first.
if redis.call('HGET', record, 'state') == 'queued' then return {'done', priorityOf(number(record, 'tag'), rank)} end
if redis.call('HEXISTS', record, 'cancel') == 1 then return {'cancelled'} end
if ARGV[7] ~= '' and redis.call('HINCRBY', record, 'back:' .. ARGV[6], 1) > tonumber(ARGV[7]) then return {'too often'} end
redis.call('HSET', record, 'state', 'queued', 'startedAt', '')
leaveRunning(tenant, id)
-- It has waited for its turn once; the queue's time may have begun anew since.
local tag = math.min(number(record, 'tag'), number(FAIRNESS, 'now'))
enterQueue(tenant, id, ttl, tag, rank)
tellState(id, ttl, 'queued', ARGV[5])
return {'done', priorityOf(tag, rank), unpack(release(tenant, tonumber(ARGV[4])))}`

/**
 * ARGV: ttl, id, tenant, cap.
 * @returns ids of held jobs that may go: one of the tenant's may have ended in the meantime
 */
export const HOLD = `${COMMON}
local held = heldOf(ARGV[3])
if not isFinished(ARGV[2]) then
  redis.call('ZADD', held, now(), ARGV[2])
  redis.call('EXPIRE', held, tonumber(ARGV[1]))
end
return release(ARGV[3], tonumber(ARGV[4]))`

/**
 * ARGV: id, tenant, lease in ms.
 * @returns 1 when the job is to end: its worker may not have heard of it
 */
export const RENEW = `${COMMON}
for _, key in ipairs({RUNNING, runningOf(ARGV[2])}) do redis.call('ZADD', key, 'XX', now() + ARGV[3], ARGV[1]) end
return redis.call('HEXISTS', recordOf(ARGV[1]), 'cancel')`

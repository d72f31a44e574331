import { COMMON, REBASE_AT } from './common.ts'

/** How long a request with an `Idempotency-Key` is known. */
export const IDEMPOTENCY_TTL_SECONDS = 24 * 3600

/**
 * Accepts one job, or all of a batch, or none.
 * ARGV: ttl, tenant, most queued, most queued of the tenant, most bytes that wait, the same of the tenant, name of the
 * idempotency key or '', what it stands for from now on (id and fingerprint), id and JSON of the batch or '', number of jobs,
 * bytes of all together, how many of them are delayed; then of each job: id, rank, when it is due or 0, count of hash
 * arguments, hash arguments..., count of event arguments, type and data of each event.
 * @returns {1, priority of each job...}; {2, what is known of the idempotency key, or as if it were when the first job is there
 * already}; or {0, what is full, queued, tenant's queued, ends looked at, ms since the oldest of them, tenants waiting}
 */
export const ADMIT = `${COMMON}
local ttl, tenant, key, owner, batch, count = tonumber(ARGV[1]), ARGV[2], ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[11])
local bytes, delayed = tonumber(ARGV[12]), tonumber(ARGV[13])
local FIRST = 14
if key ~= '' then
  local known = redis.call('GET', key)
  local id = known and string.match(known, '^%S+')
  -- Of what has expired nothing is known any more.
  if id and redis.call('EXISTS', recordOf(id), P .. ':batch:' .. id) > 0 then return {2, known} end
end
if redis.call('EXISTS', recordOf(ARGV[FIRST])) == 1 then return {2, owner} end

local function full(what, waiting, own)
  local oldest = redis.call('LINDEX', ENDS, -1)
  return {0, what, waiting, own, redis.call('LLEN', ENDS), oldest and now() - oldest or 0, number(FAIRNESS, 'tenants')}
end
for what, sets in pairs({queued = {QUEUED, queuedOf(tenant), count - delayed}, delayed = {DELAYED, delayedOf(tenant), delayed}}) do
  local all, own = redis.call('ZCARD', sets[1]), redis.call('ZCARD', sets[2])
  if sets[3] > 0 and (all + sets[3] > tonumber(ARGV[3]) or own + sets[3] > tonumber(ARGV[4])) then return full(what, all, own) end
end
local all, own = number(WAITING_BYTES, 'all'), number(WAITING_BYTES, 'of:' .. tenant)
if all + bytes > tonumber(ARGV[5]) or own + bytes > tonumber(ARGV[6]) then return full('bytes', all, own) end

if key ~= '' then redis.call('SET', key, owner, 'EX', ${IDEMPOTENCY_TTL_SECONDS}) end
if batch ~= '' then redis.call('SET', P .. ':batch:' .. batch, ARGV[10], 'EX', ttl) end
local answer, at = {1}, FIRST
for _ = 1, count do
  local id, rank, due, fields = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  at = at + 4
  redis.call('HSET', recordOf(id), unpack(ARGV, at, at + fields - 1))
  redis.call('EXPIRE', recordOf(id), ttl)
  at = at + fields
  for _, list in ipairs({jobsOf(tenant), ALL_JOBS}) do redis.call('ZADD', list, 0, id) end
  if due > 0 then
    enterDelayed(tenant, id, ttl, due)
    answer[#answer + 1] = 1
  else
    local tag = nextTag(tenant)
    enterQueue(tenant, id, ttl, tag, rank)
    answer[#answer + 1] = priorityOf(tag, rank)
  end
  local told = tonumber(ARGV[at])
  tell(id, ttl, ARGV, at + 1, at + told)
  at = at + 1 + told
end
for _, list in ipairs({jobsOf(tenant), ALL_JOBS}) do redis.call('EXPIRE', list, ttl) end
if number(FAIRNESS, 'now') - number(FAIRNESS, 'base') > ${REBASE_AT} then
  redis.call('HSET', FAIRNESS, 'base', number(FAIRNESS, 'now'), 'moved', 1)
end
return answer`

/**
 * Takes back jobs that did not get onto the queue, and what stands for them. ARGV: tenant, name of the idempotency key or '', id of the batch or '',
 * ids. Jobs that a worker has taken, since they had got onto the queue after all, stay, and so does the rest then.
 * @returns how many are gone
 */
export const REMOVE = `${COMMON}
local tenant, gone = ARGV[1], 0
for i = 4, #ARGV do
  local id = ARGV[i]
  if redis.call('HGET', recordOf(id), 'attempt') == '0' and not isFinished(id) then
    leaveQueue(tenant, id)
    for _, list in ipairs({jobsOf(tenant), ALL_JOBS}) do redis.call('ZREM', list, id) end
    gone = gone + redis.call('DEL', recordOf(id))
    redis.call('DEL', eventsOf(id), inputOf(id))
  end
end
if gone < #ARGV - 3 then return gone end
if ARGV[2] ~= '' then redis.call('DEL', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('DEL', P .. ':batch:' .. ARGV[3]) end
return gone`

/**
 * After the base has moved: the priorities of queued jobs by it, the last of them first, so that none is passed over when some
 * leave meanwhile. ARGV: place in the queue before which to look, or '' for its end; how many.
 * @returns the place of the first, then flat pairs of id and priority; an empty list when the base has not moved
 */
export const REORDER = `${COMMON}
if number(FAIRNESS, 'moved') == 0 then return {} end
local to = tonumber(ARGV[1]) or redis.call('ZCARD', QUEUED)
local from = math.max(0, to - ARGV[2])
local answer = {from}
for _, id in ipairs(to > 0 and redis.call('ZRANGE', QUEUED, from, to - 1) or {}) do
  local tag, rank = unpack(redis.call('HMGET', recordOf(id), 'tag', 'rank'))
  answer[#answer + 1] = id
  answer[#answer + 1] = priorityOf(tonumber(tag or 0), tonumber(rank or 1))
end
return answer`

/** The priorities have been set by the base. */
export const REORDERED = `${COMMON}
return redis.call('HDEL', FAIRNESS, 'moved')`

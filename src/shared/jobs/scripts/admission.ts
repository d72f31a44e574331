import { luaScript } from '../../redis/lua-script.ts'
import { COMMON, REBASE_AT } from './common.ts'

/** How long a request with an `Idempotency-Key` is known. */
export const IDEMPOTENCY_TTL_SECONDS = 24 * 3600

/** A job that is to be admitted. */
export type AdmittedJob = {
  id: string
  rank: number
  /** When it is due, in ms since 1970; absent: now. */
  dueMs: number | undefined
  /** Bytes it waits with. */
  size: number
  /** 0: none. */
  cap: number
  /** Where its start and its end are told; empty: nowhere. */
  startedUrl: string
  finishedUrl: string
  replyTo: string | undefined
  /** Whether its request is kept. */
  keepsRequest: boolean
  /** How many warnings it has. */
  warnings: number
}

/** What stands for the jobs of a submission beside their records: absent when nothing does. */
type Standing = { tenant: string; idempotencyHash: string | undefined; batchId: string | undefined }

/**
 * Accepts one job, or all of a batch, or none.
 * Bulk: JSON of the batch, if there is one; then of each job its head, its request if it is kept, and its warnings, as JSON.
 * @returns {1, priority of each job...}; {2, what is known of the idempotency key, or as if it were when the first job is there
 * already}; or {0, what is full, queued, tenant's queued, ends looked at, ms since the oldest of them, tenants waiting}
 */
export const ADMIT = luaScript<
  Standing & {
    ttlSeconds: number
    /** What a repeated request is told: id of the job or the batch, and the fingerprint. */
    owner: string
    maxQueuedJobs: number
    tenantMaxQueuedJobs: number
    maxQueuedBytes: number
    tenantMaxQueuedBytes: number
    jobs: readonly AdmittedJob[]
  },
  [number, ...(number | string)[]]
>(
  'runyardAdmit',
  `${COMMON}
local ttl, tenant, jobs = input.ttlSeconds, input.tenant, input.jobs
local repeated = input.idempotencyHash and keys.idempotency(tenant, input.idempotencyHash)
if repeated then
  local known = redis.call('GET', repeated)
  local id = known and string.match(known, '^%S+')
  -- Of what has expired nothing is known any more.
  if id and redis.call('EXISTS', keys.job(id), keys.batch(id)) > 0 then return {2, known} end
end
if redis.call('EXISTS', keys.job(jobs[1].id)) == 1 then return {2, input.owner} end

local bytes, delayed = 0, 0
for _, job in ipairs(jobs) do
  bytes = bytes + job.size
  if job.dueMs then delayed = delayed + 1 end
end
local function full(what, waiting, own)
  local oldest = redis.call('LINDEX', keys.ends, -1)
  local since = oldest and now() - oldest or 0
  return {0, what, waiting, own, redis.call('LLEN', keys.ends), since, number(keys.fairness, 'tenants')}
end
local function standing(set, ofTenant) return redis.call('ZCARD', set), redis.call('ZCARD', ofTenant) end
local function exceeds(count, all, own) return count > 0 and (all + count > input.maxQueuedJobs or own + count > input.tenantMaxQueuedJobs) end
local waiting, waitingOfTenant = standing(keys.queued, keys.tenantQueued(tenant))
if exceeds(#jobs - delayed, waiting, waitingOfTenant) then return full('queued', waiting, waitingOfTenant) end
if delayed > 0 then
  local all, own = standing(keys.delayed, keys.tenantDelayed(tenant))
  if exceeds(delayed, all, own) then return full('delayed', all, own) end
end
local stored = redis.call('HMGET', keys.waitingBytes, 'all', 'of:' .. tenant)
local all, own = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
if all + bytes > input.maxQueuedBytes or own + bytes > input.tenantMaxQueuedBytes then return full('bytes', all, own) end

local at = 1
local function nextBulk()
  at = at + 1
  return bulk[at - 1]
end
if repeated then redis.call('SET', repeated, input.owner, 'EX', ${IDEMPOTENCY_TTL_SECONDS}) end
if input.batchId then redis.call('SET', keys.batch(input.batchId), nextBulk(), 'EX', ttl) end

local fairness = redis.call('HMGET', keys.fairness, 'now', 'base', tagField(tenant))
local virtual, base = tonumber(fairness[1] or 0), tonumber(fairness[2] or 0)
local tag = math.max(virtual, tonumber(fairness[3] or 0))
local answer, inLists, inQueue, inTenantQueue, inDelayed = {1}, {}, {}, {}, {}
local function put(list, score, id)
  list[#list + 1] = score
  list[#list + 1] = id
end
for _, job in ipairs(jobs) do
  local record = {'head', nextBulk(), 'tenant', tenant, 'state', 'queued', 'attempt', 0, 'startedAt', '', 'summary', '',
    'rank', job.rank, 'size', job.size, 'cap', job.cap, 'startedUrl', job.startedUrl, 'finishedUrl', job.finishedUrl}
  local function set(field, value)
    record[#record + 1] = field
    record[#record + 1] = value
  end
  if job.replyTo then set('replyTo', job.replyTo) end
  if job.keepsRequest then set('request', nextBulk()) end
  put(inLists, 0, job.id)
  if job.dueMs then
    put(inDelayed, job.dueMs, job.id)
    answer[#answer + 1] = 1
  else
    tag = tag + 1
    set('tag', tag)
    set('turn', tag)
    put(inQueue, now(), job.id)
    put(inTenantQueue, turnScore(job.rank, tag), job.id)
    answer[#answer + 1] = priorityOf(tag, job.rank, base)
  end
  redis.call('HSET', keys.job(job.id), unpack(record))
  redis.call('EXPIRE', keys.job(job.id), ttl)
  local events = {'state', stateEvent('queued', 0)}
  for _ = 1, job.warnings do
    events[#events + 1] = 'warning'
    events[#events + 1] = nextBulk()
  end
  tell(job.id, ttl, events, 1, #events)
end
for _, list in ipairs({keys.tenantJobs(tenant), keys.allJobs}) do redis.call('ZADD', list, unpack(inLists)) end
expire(ttl, {keys.tenantJobs(tenant), keys.allJobs})
countBytes(tenant, bytes)
if #inQueue > 0 then
  if waitingOfTenant == 0 then redis.call('HINCRBY', keys.fairness, 'tenants', 1) end
  redis.call('HSET', keys.fairness, tagField(tenant), tag)
  redis.call('ZADD', keys.queued, unpack(inQueue))
  redis.call('ZADD', keys.tenantQueued(tenant), unpack(inTenantQueue))
  expireQueue(tenant, ttl)
end
if #inDelayed > 0 then
  for _, key in ipairs({keys.delayed, keys.tenantDelayed(tenant)}) do redis.call('ZADD', key, unpack(inDelayed)) end
  expire(ttl, {keys.delayed, keys.tenantDelayed(tenant), keys.waitingBytes})
end
if virtual - base > ${REBASE_AT} then redis.call('HSET', keys.fairness, 'base', virtual, 'moved', 1) end
return answer`,
)

/**
 * Takes back jobs that did not get onto the queue, and what stands for them. Jobs that a worker has taken, since they had got onto the
 * queue after all, stay, and so does the rest then.
 * @returns how many are gone
 */
export const REMOVE = luaScript<Standing & { ids: readonly string[] }, number>(
  'runyardRemove',
  `${COMMON}
local tenant, gone = input.tenant, 0
for _, id in ipairs(input.ids) do
  if redis.call('HGET', keys.job(id), 'attempt') == '0' and not isFinished(id) then
    leaveQueue(tenant, id)
    for _, list in ipairs({keys.tenantJobs(tenant), keys.allJobs}) do redis.call('ZREM', list, id) end
    gone = gone + redis.call('DEL', keys.job(id))
    redis.call('DEL', keys.events(id), keys.input(id))
  end
end
if gone < #input.ids then return gone end
if input.idempotencyHash then redis.call('DEL', keys.idempotency(tenant, input.idempotencyHash)) end
if input.batchId then redis.call('DEL', keys.batch(input.batchId)) end
return gone`,
)

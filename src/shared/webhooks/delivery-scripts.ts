import { luaScript } from '../redis/lua-script.ts'

/**
 * The steps of a delivery's life, each one script.
 *
 * A delivery's record is a hash: tenant, jobId (or the id of a session), event, url, body, state, createdAt, nextAttemptAt, tries (made of the present
 * round of the schedule), byHand (1 while a redelivery that was asked for has not ended), made (attempts ever), `attempt:N`.
 *
 * While it is pending its id stands in the sorted set of pending deliveries, by when it is to be tried. It enters that set
 * in the script that stores the job's end, so that no death of a worker parts the two; the queue only hands deliveries
 * out, and is filled again from the set.
 */

/** Outlasts the longest chain of retries, also when each one is put off by the receiver. */
const PENDING_TTL_SECONDS = 30 * 24 * 3600
/** Of one tenant; beyond it the oldest that have ended go before their time. */
const MAX_KEPT = 10_000
/** Of all tenants together, the newest can be listed. */
const MAX_LISTED = 50_000
export const MAX_ATTEMPTS_KEPT = 50
const ENDPOINT_TTL_SECONDS = 30 * 24 * 3600
/** So many attempts that failed in a row, over all deliveries to an endpoint, are told to the operator. */
export const ALERT_AFTER = 10
const ALERT_AGAIN_MS = 24 * 3600 * 1000
/** Between alerts about different endpoints of one tenant. */
const TENANT_ALERT_SECONDS = 3600

/**
 * A function for scripts made by `luaScript`: notes a delivery, unless it is noted already, or there is no URL (empty, or false when a
 * field was not there). Returns its id when it was noted, else an empty text.
 */
export const ADD_DELIVERY = `
local function addDelivery(at, tenant, jobId, id, event, body, url)
  local record, ofTenant, all = keys.delivery(id), keys.tenantDeliveries(tenant), keys.allDeliveries
  if (url or '') == '' or redis.call('EXISTS', record) == 1 then return '' end
  redis.call('HSET', record, 'tenant', tenant, 'jobId', jobId, 'event', event, 'url', url, 'body', body,
    'state', 'pending', 'createdAt', at, 'nextAttemptAt', at, 'tries', 0, 'made', 0)
  redis.call('EXPIRE', record, ${PENDING_TTL_SECONDS})
  for _, key in ipairs({ofTenant, keys.pendingDeliveries, all}) do
    redis.call('ZADD', key, at, id)
    redis.call('EXPIRE', key, ${PENDING_TTL_SECONDS})
  end
  redis.call('ZREMRANGEBYRANK', all, 0, ${-1 - MAX_LISTED})
  local surplus = redis.call('ZCARD', ofTenant) - ${MAX_KEPT}
  if surplus <= 0 then return id end
  for _, old in ipairs(redis.call('ZRANGE', ofTenant, 0, 9)) do
    if surplus > 0 and redis.call('HGET', keys.delivery(old), 'state') ~= 'pending' then
      redis.call('DEL', keys.delivery(old))
      for _, list in ipairs({ofTenant, all}) do redis.call('ZREM', list, old) end
      surplus = surplus - 1
    end
  end
  return id
end
`

/** Bulk: body. @returns its id, or an empty text */
export const ADD = luaScript<
  { atMs: number; tenant: string; jobId: string; id: string; event: string; url: string },
  string
>(
  'runyardAddDelivery',
  `${ADD_DELIVERY}
return addDelivery(input.atMs, input.tenant, input.jobId, input.id, input.event, bulk[1], input.url)`,
)

/**
 * Bulk: the attempt, as JSON.
 * @returns failures in a row when the operator is to be told, else 0
 */
export const RECORD = luaScript<
  {
    id: string
    tenant: string
    /** A hash of its URL. */
    endpointHash: string
    atMs: number
    state: string
    nextAttemptAtMs: number
    /** How long it is kept when it has ended. */
    keptSeconds: number
    endpoint: 'worked' | 'failed' | 'gone' | 'untried'
  },
  number
>(
  'runyardRecordAttempt',
  `
local record, endpoint = keys.delivery(input.id), keys.webhookEndpoint(input.tenant, input.endpointHash)
if redis.call('EXISTS', record) == 1 then
  local made = redis.call('HINCRBY', record, 'made', 1)
  local state = input.state
  -- Cancelled while the attempt was under way: that it failed makes it pending no more.
  if state == 'pending' and redis.call('HGET', record, 'state') == 'cancelled' then state = 'cancelled' end
  redis.call('HSET', record, 'attempt:' .. made, bulk[1], 'state', state)
  redis.call('HDEL', record, 'attempt:' .. (made - ${MAX_ATTEMPTS_KEPT}))
  if state == 'pending' then
    redis.call('HINCRBY', record, 'tries', 1)
    redis.call('HSET', record, 'nextAttemptAt', input.nextAttemptAtMs)
    redis.call('EXPIRE', record, ${PENDING_TTL_SECONDS})
    redis.call('ZADD', keys.pendingDeliveries, input.nextAttemptAtMs, input.id)
    redis.call('EXPIRE', keys.pendingDeliveries, ${PENDING_TTL_SECONDS})
  else
    redis.call('HDEL', record, 'byHand')
    redis.call('EXPIRE', record, input.keptSeconds)
    redis.call('ZREM', keys.pendingDeliveries, input.id)
  end
end
if input.endpoint == 'untried' then return 0 end
if input.endpoint == 'worked' then
  redis.call('HDEL', endpoint, 'failures', 'disabledAt')
  return 0
end
local failures = redis.call('HINCRBY', endpoint, 'failures', 1)
if input.endpoint == 'gone' then redis.call('HSET', endpoint, 'disabledAt', input.atMs) end
redis.call('EXPIRE', endpoint, ${ENDPOINT_TTL_SECONDS})
local told = tonumber(redis.call('HGET', endpoint, 'toldAt') or 0)
if failures < ${ALERT_AFTER} or input.atMs - told < ${ALERT_AGAIN_MS} then return 0 end
local alerts = keys.webhookEndpoint(input.tenant, 'alerts')
if not redis.call('SET', alerts, '1', 'NX', 'EX', ${TENANT_ALERT_SECONDS}) then return 0 end
redis.call('HSET', endpoint, 'toldAt', input.atMs)
return failures`,
)

/** @returns 0 when the tenant has no such delivery */
export const REDELIVER = luaScript<{ id: string; tenant: string; atMs: number }, number>(
  'runyardRedeliver',
  `
local record = keys.delivery(input.id)
if redis.call('HGET', record, 'tenant') ~= input.tenant then return 0 end
redis.call('HSET', record, 'state', 'pending', 'nextAttemptAt', input.atMs, 'tries', 0, 'byHand', 1)
redis.call('EXPIRE', record, ${PENDING_TTL_SECONDS})
redis.call('ZADD', keys.pendingDeliveries, input.atMs, input.id)
redis.call('EXPIRE', keys.pendingDeliveries, ${PENDING_TTL_SECONDS})
return 1`,
)

/** @returns 0 when the tenant has no such delivery; one that has ended stays as it is */
export const CANCEL = luaScript<{ id: string; tenant: string; keptSeconds: number }, number>(
  'runyardCancelDelivery',
  `
local record = keys.delivery(input.id)
if redis.call('HGET', record, 'tenant') ~= input.tenant then return 0 end
if redis.call('HGET', record, 'state') == 'pending' then
  redis.call('HSET', record, 'state', 'cancelled')
  redis.call('HDEL', record, 'byHand')
  redis.call('EXPIRE', record, input.keptSeconds)
  redis.call('ZREM', keys.pendingDeliveries, input.id)
end
return 1`,
)

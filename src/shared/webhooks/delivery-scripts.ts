import type { Redis, Result } from 'ioredis'

/**
 * The steps of a delivery's life, each one script.
 *
 * A delivery's record is a hash: tenant, jobId, event, url, body, state, createdAt, nextAttemptAt, tries (made of the present
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
 * A function for scripts: notes a delivery, unless it is noted already, or there is no URL (empty, or false when a field was
 * not there).
 * @param prefix of all names
 * Returns its id when it was noted, else an empty text.
 */
export const ADD_DELIVERY = `
local function addDelivery(prefix, at, tenant, jobId, id, event, body, url)
  local records = prefix .. ':delivery:'
  local record, ofTenant, pending = records .. id, prefix .. ':deliveries-of:' .. tenant, prefix .. ':webhooks-pending'
  local all = prefix .. ':deliveries'
  if (url or '') == '' or redis.call('EXISTS', record) == 1 then return '' end
  redis.call('HSET', record, 'tenant', tenant, 'jobId', jobId, 'event', event, 'url', url, 'body', body,
    'state', 'pending', 'createdAt', at, 'nextAttemptAt', at, 'tries', 0, 'made', 0)
  redis.call('EXPIRE', record, ${PENDING_TTL_SECONDS})
  for _, key in ipairs({ofTenant, pending, all}) do
    redis.call('ZADD', key, at, id)
    redis.call('EXPIRE', key, ${PENDING_TTL_SECONDS})
  end
  redis.call('ZREMRANGEBYRANK', all, 0, ${-1 - MAX_LISTED})
  local surplus = redis.call('ZCARD', ofTenant) - ${MAX_KEPT}
  if surplus <= 0 then return id end
  for _, old in ipairs(redis.call('ZRANGE', ofTenant, 0, 9)) do
    if surplus > 0 and redis.call('HGET', records .. old, 'state') ~= 'pending' then
      redis.call('DEL', records .. old)
      for _, list in ipairs({ofTenant, all}) do redis.call('ZREM', list, old) end
      surplus = surplus - 1
    end
  end
  return id
end
`

/** KEYS: prefix of all names. ARGV: at, tenant, job id, id, event, body, url. */
const ADD = `${ADD_DELIVERY}
return addDelivery(KEYS[1], tonumber(ARGV[1]), unpack(ARGV, 2))`

/**
 * KEYS: record, pending, endpoint, tenant's alerts.
 * ARGV: id, at, attempt, new state, when it is tried again, seconds kept when it has ended, what the endpoint did: 'worked',
 * 'failed', 'gone' or 'untried'.
 * @returns failures in a row when the operator is to be told, else 0
 */
const RECORD = `
if redis.call('EXISTS', KEYS[1]) == 1 then
  local made = redis.call('HINCRBY', KEYS[1], 'made', 1)
  local state = ARGV[4]
  -- Cancelled while the attempt was under way: that it failed makes it pending no more.
  if state == 'pending' and redis.call('HGET', KEYS[1], 'state') == 'cancelled' then state = 'cancelled' end
  redis.call('HSET', KEYS[1], 'attempt:' .. made, ARGV[3], 'state', state)
  redis.call('HDEL', KEYS[1], 'attempt:' .. (made - ${MAX_ATTEMPTS_KEPT}))
  if state == 'pending' then
    redis.call('HINCRBY', KEYS[1], 'tries', 1)
    redis.call('HSET', KEYS[1], 'nextAttemptAt', ARGV[5])
    redis.call('EXPIRE', KEYS[1], ${PENDING_TTL_SECONDS})
    redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
    redis.call('EXPIRE', KEYS[2], ${PENDING_TTL_SECONDS})
  else
    redis.call('HDEL', KEYS[1], 'byHand')
    redis.call('EXPIRE', KEYS[1], ARGV[6])
    redis.call('ZREM', KEYS[2], ARGV[1])
  end
end
if ARGV[7] == 'untried' then return 0 end
if ARGV[7] == 'worked' then
  redis.call('HDEL', KEYS[3], 'failures', 'disabledAt')
  return 0
end
local failures = redis.call('HINCRBY', KEYS[3], 'failures', 1)
if ARGV[7] == 'gone' then redis.call('HSET', KEYS[3], 'disabledAt', ARGV[2]) end
redis.call('EXPIRE', KEYS[3], ${ENDPOINT_TTL_SECONDS})
local told = tonumber(redis.call('HGET', KEYS[3], 'toldAt') or 0)
if failures < ${ALERT_AFTER} or tonumber(ARGV[2]) - told < ${ALERT_AGAIN_MS} then return 0 end
if not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ${TENANT_ALERT_SECONDS}) then return 0 end
redis.call('HSET', KEYS[3], 'toldAt', ARGV[2])
return failures`

/**
 * KEYS: record, pending. ARGV: id, at, tenant.
 * @returns 0 when the tenant has no such delivery
 */
const REDELIVER = `
if redis.call('HGET', KEYS[1], 'tenant') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'nextAttemptAt', ARGV[2], 'tries', 0, 'byHand', 1)
redis.call('EXPIRE', KEYS[1], ${PENDING_TTL_SECONDS})
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ${PENDING_TTL_SECONDS})
return 1`

/**
 * KEYS: record, pending. ARGV: id, tenant, seconds kept when it has ended.
 * @returns 0 when the tenant has no such delivery; one that has ended stays as it is
 */
const CANCEL = `
if redis.call('HGET', KEYS[1], 'tenant') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') == 'pending' then
  redis.call('HSET', KEYS[1], 'state', 'cancelled')
  redis.call('HDEL', KEYS[1], 'byHand')
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('ZREM', KEYS[2], ARGV[1])
end
return 1`

type Arguments = (string | number)[]

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardAddDelivery(...args: Arguments): Result<string, Context>
    runyardRecordAttempt(...args: Arguments): Result<number, Context>
    runyardRedeliver(...args: Arguments): Result<number, Context>
    runyardCancelDelivery(...args: Arguments): Result<number, Context>
  }
}

/** Teaches a connection these commands. */
export function defineDeliveryScripts(redis: Redis): void {
  redis.defineCommand('runyardAddDelivery', { numberOfKeys: 1, lua: ADD })
  redis.defineCommand('runyardRecordAttempt', { numberOfKeys: 4, lua: RECORD })
  redis.defineCommand('runyardRedeliver', { numberOfKeys: 2, lua: REDELIVER })
  redis.defineCommand('runyardCancelDelivery', { numberOfKeys: 2, lua: CANCEL })
}

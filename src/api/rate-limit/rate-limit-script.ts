import type { Redis, Result } from 'ioredis'

/**
 * Is this caller blocked, and if not, does its bucket hold so many tokens? In one round trip, on Redis's clock. The bucket is
 * kept as its theoretical arrival time, as in gcra.ts, and vanishes when it is full. A block that an address got by its score
 * does not hold for who shows a key there: others behind the same address may have earned it.
 *
 * KEYS: bucket, allowed, block of the address, block of the key (when there is one); or block of the end user alone; or none,
 * for tokens that are given back.
 * ARGV: tokens a minute, burst, tokens asked for (negative: given back), subjects of the blocks in their order.
 * Returns what became of it, with the JSON of the block, or the bucket's debt in ticks.
 */
const RATE_LIMIT_SCRIPT = `
local blocks = #KEYS > 2 and redis.call('MGET', unpack(KEYS, 3)) or {}
local ofAddress, ofKey = blocks[1], blocks[2]
if ofAddress and #ARGV > 4 and string.find(ofAddress, '"by":"score"', 1, true) then ofAddress = false end
if ofAddress or ofKey then
  local allowed = redis.call('HMGET', KEYS[2], unpack(ARGV, 4))
  if ofKey and not allowed[2] then return {'blocked', ofKey} end
  if ofAddress and not allowed[1] and not allowed[2] then return {'blocked', ofAddress} end
end
local perMinute, full, cost = tonumber(ARGV[1]), ARGV[2] * 60000000, ARGV[3] * 60000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function store(debt)
  local micros = math.floor(debt / perMinute)
  local arrival = string.format('%.0f %.0f', now + micros, debt - micros * perMinute)
  redis.call('SET', KEYS[1], arrival, 'PX', string.format('%.0f', math.floor(micros / 1000) + 1))
end

local owed = 0
local stored = redis.call('GET', KEYS[1])
if stored then
  local micros, ticks = string.match(stored, '^(%d+) (%d+)$')
  owed = (micros - now) * perMinute + ticks
end
local debt = math.min(math.max(owed, 0), full)
if debt + cost > full then
  if owed > full then store(full) end
  return {'limited', debt}
end
debt = math.max(debt + cost, 0)
store(debt)
return {'passed', debt}`

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardRateLimit(keyCount: number, ...keysAndArgs: (string | number)[]): Result<['blocked', string] | ['passed' | 'limited', number], Context> // prettier-ignore
  }
}

export function defineRateLimit(redis: Redis): void {
  redis.defineCommand('runyardRateLimit', { lua: RATE_LIMIT_SCRIPT })
}

import { luaScript } from '../../shared/redis/lua-script.ts'

export type RateLimitInput = {
  /** Whose it is; see `keys.rate`. */
  bucket: string
  perMinute: number
  burst: number
  /** Asked for; negative: given back. */
  tokens: number
  /** Of the blocks that hold: the address, then the key if one was shown, then the key that made it if it is a browser token; or the end user alone; none for tokens that are given back. */
  subjects: readonly string[]
}

/** What became of it, with the JSON of the block, or the bucket's debt in ticks. */
export type RateLimitAnswer = ['blocked', string] | ['passed' | 'limited', number]

/**
 * Is this caller blocked, and if not, does its bucket hold so many tokens? In one round trip, on Redis's clock. The bucket is
 * kept as its theoretical arrival time, as in gcra.ts, and vanishes when it is full. A block that an address got by its score
 * does not hold for who shows a key there: others behind the same address may have earned it.
 */
export const RATE_LIMIT = luaScript<RateLimitInput, RateLimitAnswer>(
  'runyardRateLimit',
  `
local subjects, blocks = input.subjects, {}
for index, subject in ipairs(subjects) do blocks[index] = redis.call('GET', keys.block(subject)) end
local ofAddress, ofKey, ofMaker = blocks[1], blocks[2], blocks[3]
if ofAddress and #subjects > 1 and string.find(ofAddress, '"by":"score"', 1, true) then ofAddress = false end
if ofAddress or ofKey or ofMaker then
  local allowed = redis.call('HMGET', keys.allowed, unpack(subjects))
  if ofMaker and not allowed[3] then return {'blocked', ofMaker} end
  if ofKey and not allowed[2] then return {'blocked', ofKey} end
  if ofAddress and not allowed[1] and not allowed[2] then return {'blocked', ofAddress} end
end
local bucket = keys.rate(input.bucket)
local perMinute, full, cost = input.perMinute, input.burst * 60000000, input.tokens * 60000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function store(debt)
  local micros = math.floor(debt / perMinute)
  local arrival = string.format('%.0f %.0f', now + micros, debt - micros * perMinute)
  redis.call('SET', bucket, arrival, 'PX', string.format('%.0f', math.floor(micros / 1000) + 1))
end

local owed = 0
local stored = redis.call('GET', bucket)
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
return {'passed', debt}`,
)

import type { Redis, Result } from 'ioredis'

/**
 * One security event: kept in the capped stream, counted, and added to the scores of whom it came from. A score halves every
 * half-life. Who reaches the threshold is blocked, twice as long as the last time within a day, and starts again at half of
 * the threshold; that is an event of its own. All by Redis's clock, and in one step, so that of many gateways one blocks.
 *
 * KEYS: stream, counts, allowed, blocks; for each subject: its score, its block.
 * ARGV: events kept, event, half-life, threshold (0: never block), first block, longest block (times in seconds); for each
 * subject: its name, weight.
 * Returns for each new block: subject, its JSON, the JSON of its event.
 */
const RECORD_SCRIPT = `
local DAY = 86400000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local event = cjson.decode(ARGV[2])
local halfLife, threshold = ARGV[3] * 1000, tonumber(ARGV[4])

local function append(kind, json)
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'k', kind, 'e', json)
  redis.call('HINCRBY', KEYS[2], kind, 1)
end

local function recent(times)
  local kept = {}
  for at in string.gmatch(times or '', '%d+') do
    if tonumber(at) > now - DAY then kept[#kept + 1] = at end
  end
  -- More doublings than any longest block has room for.
  while #kept > 32 do table.remove(kept, 1) end
  return kept
end

local answer = {}
local function block(subject, key, seconds, score)
  local untilMs = now + seconds * 1000
  local reason = string.format('score %.0f of %.0f', score, threshold)
  local entry = cjson.encode({ subject = subject, sinceMs = now, untilMs = untilMs, reason = reason, by = 'score' })
  redis.call('SET', key, entry, 'PX', string.format('%.0f', seconds * 1000))
  redis.call('ZREMRANGEBYSCORE', KEYS[4], 0, string.format('%.0f', now))
  redis.call('ZADD', KEYS[4], string.format('%.0f', untilMs), subject)
  local kind, value = string.match(subject, '^([%a-]+):(.*)$')
  event.kind = 'caller-blocked'
  event.address = kind == 'address' and value or cjson.null
  event.keyId = kind == 'key' and value or cjson.null
  if kind ~= 'end-user' then event.endUser = nil end
  event.detail = string.format('%s; blocked for %.0f s', reason, seconds)
  local json = cjson.encode(event)
  append('caller-blocked', json)
  answer[#answer + 1] = subject
  answer[#answer + 1] = entry
  answer[#answer + 1] = json
end

append(event.kind, ARGV[2])
for i = 5, #KEYS, 2 do
  local subject, weight = ARGV[i + 2], tonumber(ARGV[i + 3])
  local old = redis.call('HMGET', KEYS[i], 'score', 'at', 'blocks')
  local age = math.max(0, now - (old[2] or now))
  local score = (old[1] or 0) * 0.5 ^ (age / halfLife) + weight
  local blocks = recent(old[3])
  local spared = redis.call('HEXISTS', KEYS[3], subject) == 1 or redis.call('EXISTS', KEYS[i + 1]) == 1
  -- Rounded: ten times a tenth of the threshold reach it, although the first have decayed a little by then.
  if threshold > 0 and math.floor(score + 0.5) >= threshold and not spared then
    block(subject, KEYS[i + 1], math.min(ARGV[5] * 2 ^ #blocks, tonumber(ARGV[6])), score)
    blocks[#blocks + 1] = string.format('%.0f', now)
    score = threshold / 2
  end
  redis.call('HSET', KEYS[i], 'score', string.format('%.6f', score), 'at', string.format('%.0f', now), 'blocks', table.concat(blocks, ' '))
  local life = halfLife * math.max(1, math.log(score * 100) / math.log(2))
  if #blocks > 0 then life = math.max(life, DAY) end
  redis.call('PEXPIRE', KEYS[i], string.format('%.0f', math.ceil(life)))
end
return answer`

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardRecordEvent(keyCount: number, ...keysAndArgs: (string | number)[]): Result<string[], Context>
  }
}

export function defineRecordEvent(redis: Redis): void {
  redis.defineCommand('runyardRecordEvent', { lua: RECORD_SCRIPT })
}

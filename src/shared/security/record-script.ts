import { luaScript } from '../redis/lua-script.ts'

/**
 * One security event: kept in the capped stream, counted, and added to the scores of whom it came from. A score halves every
 * half-life. Who reaches the threshold is blocked, twice as long as the last time within a day, and starts again at half of
 * the threshold; that is an event of its own. All by Redis's clock, and in one step, so that of many gateways one blocks.
 *
 * Bulk: the event, as JSON.
 * @returns for each new block: subject, its JSON, the JSON of its event
 */
export const RECORD_EVENT = luaScript<
  {
    eventsKept: number
    halfLifeSeconds: number
    /** 0: nobody is ever blocked. */
    blockScore: number
    /** How long a first block lasts, and the longest. */
    blockSeconds: number
    maxBlockSeconds: number
    changes: readonly { subject: string; weight: number }[]
  },
  string[]
>(
  'runyardRecordEvent',
  `
local DAY = 86400000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local event = cjson.decode(bulk[1])
local halfLife, threshold = input.halfLifeSeconds * 1000, input.blockScore

local function append(kind, json)
  redis.call('XADD', keys.securityEvents, 'MAXLEN', '~', input.eventsKept, '*', 'k', kind, 'e', json)
  redis.call('HINCRBY', keys.securityCounts, kind, 1)
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
  redis.call('ZREMRANGEBYSCORE', keys.blocks, 0, string.format('%.0f', now))
  redis.call('ZADD', keys.blocks, string.format('%.0f', untilMs), subject)
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

append(event.kind, bulk[1])
for _, change in ipairs(input.changes) do
  local subject = change.subject
  local scores, blocked = keys.abuse(subject), keys.block(subject)
  local old = redis.call('HMGET', scores, 'score', 'at', 'blocks')
  local age = math.max(0, now - (old[2] or now))
  local score = (old[1] or 0) * 0.5 ^ (age / halfLife) + change.weight
  local blocks = recent(old[3])
  local spared = redis.call('HEXISTS', keys.allowed, subject) == 1 or redis.call('EXISTS', blocked) == 1
  -- Rounded: ten times a tenth of the threshold reach it, although the first have decayed a little by then.
  if threshold > 0 and math.floor(score + 0.5) >= threshold and not spared then
    block(subject, blocked, math.min(input.blockSeconds * 2 ^ #blocks, input.maxBlockSeconds), score)
    blocks[#blocks + 1] = string.format('%.0f', now)
    score = threshold / 2
  end
  redis.call('HSET', scores, 'score', string.format('%.6f', score), 'at', string.format('%.0f', now), 'blocks', table.concat(blocks, ' '))
  local life = halfLife * math.max(1, math.log(score * 100) / math.log(2))
  if #blocks > 0 then life = math.max(life, DAY) end
  redis.call('PEXPIRE', scores, string.format('%.0f', math.ceil(life)))
end
return answer`,
)

import { luaScript } from '../../shared/redis/lua-script.ts'

export type PaceInput = {
  /** Whose jobs these are; see `keys.rate`. */
  bucket: string
  /** How many; negative: they were refused after all. */
  jobs: number
  intervalMs: number
  /** The latest that the last of them may start, from now on. */
  mostMs: number
}

/**
 * Gives jobs their places after those that were given theirs before, one interval apart, on Redis's clock. What is kept is when the last one's interval
 * ends, in ms.
 * @returns 1, or 0 when the last would start too late; then how far ahead the end of the one before lies, in ms
 */
export const PACE = luaScript<PaceInput, [0 | 1, number]>(
  'runyardPace',
  `
local bucket = keys.rate(input.bucket)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = math.max(0, tonumber(redis.call('GET', bucket) or 0) - now)
local after = before + input.jobs * input.intervalMs
if input.jobs > 0 and after > input.mostMs then return {0, math.floor(before)} end
if after < 1 then
  redis.call('DEL', bucket)
else
  redis.call('SET', bucket, string.format('%.3f', now + after), 'PX', string.format('%.0f', math.ceil(after)))
end
return {1, math.floor(before)}`,
)

/** A function for scripts made by `luaScript`: a key is kept for so many seconds from now, or longer where it is to be already. */
export const EXTEND = `
local function extend(key, seconds)
  if redis.call('TTL', key) < seconds then redis.call('EXPIRE', key, seconds) end
end
`

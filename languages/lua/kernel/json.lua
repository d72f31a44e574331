-- JSON as the line protocol has it. What is an array is said by `array`: an empty table can be either.
local byte, concat, find, format, gsub, match, sub =
  string.byte, table.concat, string.find, string.format, string.gsub, string.match, string.sub
local huge, math_type, type, tonumber, pairs, getmetatable, setmetatable, error =
  math.huge, math.type, type, tonumber, pairs, getmetatable, setmetatable, error
local utf8_char = utf8.char

local MOST_DEEP = 100
local ARRAY = {}
local ESCAPES = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', f = '\f', n = '\n', r = '\r', t = '\t' }
local LITERALS = { ['true'] = true, ['false'] = false }

local json = {}

--- A table that is an array, whatever it has.
function json.array(list)
  return setmetatable(list, ARRAY)
end

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', function(one) return format('\\u%04x', byte(one)) end) .. '"'
end

local function is_array(value)
  if getmetatable(value) == ARRAY then return true end
  local count = 0
  for key in pairs(value) do
    if type(key) ~= 'number' then return false end
    count = count + 1
  end
  return count > 0 and count == #value
end

local encode

local function encode_table(value, depth)
  if depth > MOST_DEEP then error('tables of JSON may be ' .. MOST_DEEP .. ' deep', 0) end
  local parts = {}
  if is_array(value) then
    for index = 1, #value do parts[index] = encode(value[index], depth + 1) end
    return '[' .. concat(parts, ',') .. ']'
  end
  for key, one in pairs(value) do
    if type(key) ~= 'string' and type(key) ~= 'number' then error('a ' .. type(key) .. ' cannot be a key of JSON', 0) end
    parts[#parts + 1] = quoted('' .. key) .. ':' .. encode(one, depth + 1)
  end
  return '{' .. concat(parts, ',') .. '}'
end

local function encode_number(value)
  if value ~= value or value == huge or value == -huge then error('JSON has no number for it: ' .. value, 0) end
  if math_type(value) == 'integer' then return format('%d', value) end
  return format('%.17g', value)
end

function encode(value, depth)
  local kind = type(value)
  if kind == 'table' then return encode_table(value, depth) end
  if kind == 'string' then return quoted(value) end
  if kind == 'number' then return encode_number(value) end
  if kind == 'boolean' then return value and 'true' or 'false' end
  if kind == 'nil' then return 'null' end
  error('a ' .. kind .. ' is nothing that JSON has', 0)
end

--- The text of a value, in one line. Raises a message for what JSON does not have.
function json.encode(value)
  return encode(value, 0)
end

--- What a text of JSON says; `null` is nil. The text must be JSON.
function json.decode(text)
  local at = 1
  local value

  local function code_unit()
    local code = tonumber(sub(text, at, at + 3), 16)
    at = at + 4
    return code
  end

  local function escaped()
    local kind = sub(text, at, at)
    at = at + 1
    if kind ~= 'u' then return ESCAPES[kind] end
    local code = code_unit()
    local low = code >= 0xd800 and code < 0xdc00 and match(text, '^\\u([dD][c-fC-F]%x%x)', at)
    if not low then return utf8_char(code) end
    at = at + 6
    return utf8_char(0x10000 + ((code - 0xd800) << 10) + (tonumber(low, 16) - 0xdc00))
  end

  local function string_of()
    local parts = {}
    while true do
      local stop = find(text, '["\\]', at)
      parts[#parts + 1] = sub(text, at, stop - 1)
      at = stop + 1
      if byte(text, stop) == 34 then return concat(parts) end
      parts[#parts + 1] = escaped()
    end
  end

  local function next_is(mark)
    at = find(text, '%S', at)
    if sub(text, at, at) ~= mark then return false end
    at = at + 1
    return true
  end

  local function table_of(close, read)
    local found = {}
    if next_is(close) then return found end
    repeat read(found) until not next_is(',')
    next_is(close)
    return found
  end

  local function read_member(found)
    next_is('"')
    local name = string_of()
    next_is(':')
    found[name] = value()
  end

  local function read_element(found)
    found[#found + 1] = value()
  end

  function value()
    if next_is('{') then return table_of('}', read_member) end
    if next_is('[') then return table_of(']', read_element) end
    if next_is('"') then return string_of() end
    local word = match(text, '^[%w.+-]+', at)
    at = at + #word
    if LITERALS[word] ~= nil then return LITERALS[word] end
    return tonumber(word)
  end

  return value()
end

return json

-- How values are shown, and what is known of names.
local byte, concat, find, format, gmatch, gsub, match, rep, sort, sub =
  string.byte, table.concat, string.find, string.format, string.gmatch, string.gsub, string.match, string.rep, table.sort, string.sub
local error, rawget, max, pairs, pcall, tostring, type, next = error, rawget, math.max, pairs, pcall, tostring, type, next
local getinfo, getlocal, math_type = debug.getinfo, debug.getlocal, math.type
local raw_metatable, characters = debug.getmetatable, utf8.len

local MOST_DEEP = 4
local MOST_ENTRIES = 1000
local WIDTH = 80
local ESCAPES = { ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t', ['"'] = '\\"', ['\\'] = '\\\\' }
local KEYWORDS = {}
for word in gmatch(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while', '%a+'
) do
  KEYWORDS[word] = true
end

local values = {}

local function quoted(text)
  local odd = characters(text) and '[%c"\\]' or '[%c"\\\128-\255]'
  return '"' .. gsub(text, odd, function(one) return ESCAPES[one] or format('\\%03d', byte(one)) end) .. '"'
end

local function before(a, b)
  if type(a) == type(b) and (type(a) == 'number' or type(a) == 'string') then return a < b end
  return type(a) .. tostring(a) < type(b) .. tostring(b)
end

local show

local function show_key(key, depth, above)
  if type(key) == 'string' and find(key, '^[%a_][%w_]*$') and not KEYWORDS[key] then return key end
  return '[' .. show(key, depth, above) .. ']'
end

--- Leaves the first of some keys, in their order.
local function keep_first(keys, most)
  sort(keys, before)
  for index = #keys, most + 1, -1 do keys[index] = nil end
end

--- The first keys behind the list that a table begins with, in their order, and how many there are.
local function other_keys(value, length, most)
  local keys, count, is_cut = {}, 0, false
  for key in next, value do
    if not (math_type(key) == 'integer' and key >= 1 and key <= length) then
      count = count + 1
      -- Most of many come behind those that are kept, and cost a comparison.
      if most > 0 and not (is_cut and before(keys[most], key)) then
        keys[#keys + 1] = key
        if #keys >= 2 * most then
          keep_first(keys, most)
          is_cut = true
        end
      end
    end
  end
  keep_first(keys, most)
  return keys, count
end

local function entries_of(value, depth, above)
  local parts, length = {}, 0
  local function has_room()
    above.left = above.left - 1
    return above.left >= 0
  end
  while rawget(value, length + 1) ~= nil and has_room() do
    length = length + 1
    parts[length] = show(rawget(value, length), depth + 1, above)
  end
  local keys, count = other_keys(value, length, max(above.left, 0))
  local shown = 0
  for index = 1, #keys do
    if not has_room() then break end
    shown = index
    parts[#parts + 1] = show_key(keys[index], depth + 1, above) .. ' = ' .. show(rawget(value, keys[index]), depth + 1, above)
  end
  if shown < count then parts[#parts + 1] = format('... %d more', count - shown) end
  return parts
end

local function show_table(value, depth, above)
  if above[value] then return '{...}' end
  if next(value) == nil then return '{}' end
  if depth >= MOST_DEEP then return '{...}' end
  above[value] = true
  local parts = entries_of(value, depth, above)
  above[value] = nil
  local line = concat(parts, ', ')
  if #line + 2 * depth <= WIDTH and not find(line, '\n', 1, true) then return '{' .. line .. '}' end
  local indent = rep('  ', depth + 1)
  return '{\n' .. indent .. concat(parts, ',\n' .. indent) .. '\n' .. rep('  ', depth) .. '}'
end

function show(value, depth, above)
  local kind = type(value)
  if kind == 'string' then return quoted(value) end
  local meta = raw_metatable(value)
  if kind == 'table' and not (type(meta) == 'table' and rawget(meta, '__tostring')) then return show_table(value, depth, above) end
  return tostring(value)
end

--- A value as text: tables as their constructors, with keys in order.
function values.show(value)
  return show(value, 0, { left = MOST_ENTRIES })
end

--- What was thrown, as text. Throws an interrupt that ends what tells it.
function values.message(thrown, interrupted)
  if type(thrown) == 'string' then return thrown end
  local shown, text = pcall(values.show, thrown)
  if not shown and text == interrupted then error(text, 0) end
  return shown and text or type(thrown)
end

local function index_of(value)
  local meta = raw_metatable(value)
  return type(meta) == 'table' and rawget(meta, '__index') or nil
end

local function field(value, name)
  for _ = 1, 20 do
    if type(value) == 'table' and rawget(value, name) ~= nil then return rawget(value, name) end
    value = index_of(value)
    if value == nil then return nil end
  end
end

local function object_of(path, globals)
  local value = globals
  for name in gmatch(path, '[%a_][%w_]*') do
    value = field(value, name)
    if value == nil then return nil end
  end
  return value
end

--- Names that could end the code, and how many of its last bytes they replace.
function values.complete(code, globals)
  local path, mark, start = match(code, '([%w_.:]-)([.:]?)([%w_]*)$')
  local found, matches = {}, {}
  local value = globals
  if mark == '' then
    for word in pairs(KEYWORDS) do found[word] = true end
  else
    value = object_of(path, globals)
  end
  for _ = 1, 20 do
    if type(value) == 'table' then
      for key, one in next, value do
        if type(key) == 'string' and (mark ~= ':' or type(one) == 'function') then found[key] = true end
      end
    end
    value = index_of(value)
    if value == nil then break end
  end
  for name in pairs(found) do
    if sub(name, 1, #start) == start and find(name, '^[%a_][%w_]*$') then matches[#matches + 1] = name end
  end
  sort(matches)
  return matches, #start
end

local function signature(value, name)
  local info = getinfo(value, 'Su')
  local parameters = {}
  for index = 1, info.nparams do parameters[index] = getlocal(value, index) end
  if info.isvararg then parameters[#parameters + 1] = '...' end
  local where = info.what == 'C' and 'built in' or format('%s, lines %d to %d', info.short_src, info.linedefined, info.lastlinedefined)
  return format('function %s(%s)\n%s', name, concat(parameters, ', '), where)
end

--- What is known of a name such as `string.format`; nil when it names nothing.
function values.inspect(name, globals)
  if not find(name, '^[%a_]') then return nil end
  local value = object_of(name, globals)
  if value == nil then return nil end
  if type(value) == 'function' then return signature(value, name) end
  return type(value) .. '\n' .. values.show(value)
end

return values

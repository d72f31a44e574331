-- A kernel for Lua. It speaks the line protocol of docs/sessions.md: requests and messages on two descriptors, one JSON object a line; the bridge has
-- its standard output. Code of cells has the globals of this program, which therefore uses none of them after its beginning.
package.path = '/usr/local/lib/runyard-kernel/?.lua;' .. package.path
package.cpath = '/usr/local/lib/runyard-kernel/?.so;' .. package.cpath
local process = require('runyard_process')
local json = require('json')
local values = require('values')
for _, name in ipairs({ 'runyard_process', 'json', 'values' }) do package.loaded[name] = nil end
package.path = package.path:gsub('^[^;]*;', '')
package.cpath = package.cpath:gsub('^[^;]*;', '')

local concat, pack, remove, unpack = table.concat, table.pack, table.remove, table.unpack
local find, format, gmatch, gsub, match, sub = string.find, string.format, string.gmatch, string.gsub, string.match, string.sub
local error, load, max, pcall, select, tonumber, tostring, type, xpcall =
  error, load, math.max, pcall, select, tonumber, tostring, type, xpcall
local traceback, raw_metatable, rawget = debug.traceback, debug.getmetatable, rawget
local char_offset = utf8.offset
local close, create, exit, status = coroutine.close, coroutine.create, os.exit, coroutine.status
local byte = string.byte
local raw_input, raw_lines, raw_read = io.input, io.lines, io.read
local stdin, stdout, stderr, globals = io.stdin, io.stdout, io.stderr, _G
arg = nil

local IN_KERNEL = 'runyard%-kernel/'
-- Of what is told beside results; they are cut by what they take as JSON.
local MOST_TEXT = 1 << 20
-- Of a result as JSON: beyond 8 MiB, where the bridge keeps a beginning and tells of it, and below the 16 MiB of the longest line.
local MOST_BYTES = 10 << 20
local PIECE = 1 << 16
-- In how many places of a cell its last expression is looked for.
local MOST_PLACES = 200
local INTERRUPTED = setmetatable({}, { __name = 'Interrupted', __tostring = function() return 'the execution was interrupted' end })

process.catch(INTERRUPTED)

local parent
local count = 0
local may_ask = false
-- What came while code asked for input.
local queue = {}

local function say(channel, kind, content)
  process.say(json.encode({ channel = channel, type = kind, parent = parent, content = content, metadata = {} }) .. '\n')
end

--- The next request. Ends the kernel where there will be none. Returns nil when an interrupt ended the wait.
local function receive(heeds_interrupts)
  while true do
    local line = process.request(heeds_interrupts)
    if line == false then exit(0) end
    if line == nil then return nil end
    -- What is no request is left out.
    local ok, request = pcall(json.decode, line)
    if ok and type(request) == 'table' and request.type then return request end
  end
end

-- --- what code finds ---

--- Passes on results; an interrupt that the function was ended by ends its caller too.
local function unless_interrupted(ok, thrown, ...)
  if not ok and thrown == INTERRUPTED then error(INTERRUPTED, 0) end
  return ok, thrown, ...
end

function globals.pcall(...) return unless_interrupted(pcall(...)) end

--- An interrupt goes past the handler, which would make another value of it.
function globals.xpcall(body, handler, ...)
  if type(handler) ~= 'function' then error(format("bad argument #2 to 'xpcall' (function expected, got %s)", type(handler)), 2) end
  -- It leaves alone what is no text.
  if handler == traceback then return unless_interrupted(xpcall(body, handler, ...)) end
  return unless_interrupted(xpcall(body, function(thrown)
    if thrown == INTERRUPTED then return thrown end
    return handler(thrown)
  end, ...))
end

function coroutine.resume(...) return unless_interrupted(process.resume(...)) end

local function unwrapped(thread, ok, ...)
  if ok then return ... end
  local thrown = ...
  if status(thread) == 'dead' then
    local closed, other = close(thread)
    if not closed then thrown = other end
  end
  error(thrown, type(thrown) == 'string' and 3 or 0)
end

function coroutine.wrap(body)
  local thread = create(body)
  return function(...) return unwrapped(thread, process.resume(thread, ...)) end
end

os.execute = process.execute

local function flush()
  for _, file in next, { stdout, stderr } do pcall(file.flush, file) end
end

-- What was answered, and was not read.
local answered = ''

--- The next answer. Nothing where an interrupt came first.
local function await_answer()
  flush()
  say('stdin', 'input_request', { prompt = '', password = false })
  while true do
    local request = receive(true)
    if not request then return '' end
    if request.type == 'input_reply' then return request.content.value .. '\n' end
    queue[#queue + 1] = request
  end
end

local function ask()
  if not may_ask then error('io.read: the request does not allow input', 0) end
  -- An interrupt takes nothing of what has come with it, and is lost in nothing that catches errors.
  process.hold()
  local ok, found = pcall(await_answer)
  if ok then answered = answered .. found end
  process.release()
  if not ok then error(found, 0) end
end

local function take(length)
  local text = sub(answered, 1, length)
  answered = sub(answered, length + 1)
  return text
end

--- One value as a format of io.read says.
local function read_one(wanted)
  wanted = type(wanted) == 'string' and sub(gsub(wanted, '^%*', ''), 1, 1) or wanted
  if answered == '' then ask() end
  if type(wanted) == 'number' then return take(wanted) end
  if wanted == 'a' then return take(#answered) end
  local line = take(find(answered, '\n', 1, true))
  if wanted == 'L' then return line end
  line = sub(line, 1, -2)
  if wanted == 'n' then return tonumber(line) end
  return line
end

local function read(...)
  local formats = pack(...)
  if formats.n == 0 then return read_one('l') end
  local found = {}
  for index = 1, formats.n do found[index] = read_one(formats[index]) end
  return unpack(found, 1, formats.n)
end

function io.read(...)
  if raw_input() ~= stdin then return raw_read(...) end
  return read(...)
end

function io.lines(...)
  if select('#', ...) > 0 and (...) ~= nil or raw_input() ~= stdin then return raw_lines(...) end
  return function() return read('l') end
end

local BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

local function base64(bytes)
  local text = gsub(bytes, '..?.?', function(three)
    local a, b, c = byte(three, 1, 3)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    local digits = {}
    for index = 0, 3 do
      local digit = bits >> 18 - 6 * index & 63
      digits[index + 1] = index <= #three and sub(BASE64, digit + 1, digit + 1) or '='
    end
    return concat(digits)
  end)
  return text
end

local function show_data(data) say('iopub', 'display_data', { data = data, metadata = {}, transient = {} }) end

--- A text, or so much of its beginning that the bridge takes it.
local function kept(text)
  if #text <= MOST_TEXT then return text end
  local bytes = 0
  for from = 1, #text, PIECE do
    bytes = bytes + #json.encode(sub(text, from, from + PIECE - 1))
    if bytes > MOST_BYTES and from + PIECE <= #text then return sub(text, 1, char_offset(text, 0, from + PIECE) - 1) end
  end
  return text
end

--- The content of a result: the value as text, or by its metamethod `__display` as an object of media types.
local function bundle_of(value)
  local meta = raw_metatable(value)
  local display = type(meta) == 'table' and rawget(meta, '__display')
  local data = display and display(value)
  if type(data) == 'table' then return data end
  return { ['text/plain'] = kept(values.show(value)) }
end

local display = setmetatable({}, { __call = function(_, value) show_data(bundle_of(value)) end })
for name, kind in next, {
  html = 'text/html',
  markdown = 'text/markdown',
  svg = 'image/svg+xml',
  latex = 'text/latex',
  text = 'text/plain',
} do
  display[name] = function(text) show_data({ [kind] = kind == 'text/plain' and kept(tostring(text)) or tostring(text) }) end
end
for _, name in next, { 'png', 'jpeg', 'gif', 'webp' } do
  display[name] = function(bytes) show_data({ ['image/' .. name] = base64(bytes) }) end
end
function display.json(value) show_data({ ['application/json'] = value, ['text/plain'] = kept(values.show(value)) }) end
--- A table of media types.
function display.mime(data) show_data(data) end
globals.display = display

-- --- evaluation ---

--- Code whose last statement is an expression, as a chunk that returns its value; nil where it is none.
local function with_value(code, name, is_whole)
  local places = {}
  for place in gmatch(code, '()[\n;]') do places[#places + 1] = place end
  for index = #places, max(1, #places - MOST_PLACES), -1 do
    local head, tail = sub(code, 1, places[index]), sub(code, places[index] + 1)
    -- What goes on with a bracket, a text or a sign may belong to what is before it.
    local is_apart = not is_whole or find(tail, '^%s*[%a_]')
    if is_apart and find(tail, '%S') and load('return ' .. tail, name, 't') and load(head, name, 't') then
      return load(head .. 'return ' .. tail, name, 't')
    end
  end
end

local function compile(code)
  local name = '=cell-' .. count
  local chunk = load('return ' .. code, name, 't')
  if chunk then return chunk end
  local whole, fault = load(code, name, 't')
  local valued = with_value(code, name, whole ~= nil)
  return valued or whole, fault
end

local function lines_of(text)
  local lines = json.array({})
  for line in gmatch(text, '[^\n]+') do lines[#lines + 1] = line end
  return lines
end

--- Where it was thrown, without the frames of this kernel: those from its outermost xpcall on, and those of what it has put about functions.
local function frames()
  local lines, last = lines_of(traceback('', 3)), 0
  for index = 1, #lines do
    if find(lines[index], "^%s*%[C%]: in %a+ 'xpcall'") then last = index end
  end
  local kept = {}
  for index = 1, last - 2 do
    if not find(lines[index], IN_KERNEL) then kept[#kept + 1] = gsub(lines[index], "in %a+ 'chunk'$", 'in main chunk') end
  end
  return kept
end

--- What was thrown, as the content of an error.
local function error_of(thrown)
  if thrown == INTERRUPTED then
    return { ename = 'Interrupted', evalue = tostring(INTERRUPTED), traceback = json.array({ 'Interrupted: ' .. tostring(INTERRUPTED) }) }
  end
  local value = sub(values.message(thrown, INTERRUPTED), 1, MOST_TEXT)
  local lines = lines_of('error: ' .. value)
  for _, frame in next, frames() do lines[#lines + 1] = frame end
  return { ename = 'error', evalue = value, traceback = lines }
end

--- Still within the cell, since what was thrown may have code that tells it.
local function caught(thrown)
  if thrown == INTERRUPTED then process.leave() end
  local content = error_of(thrown)
  process.leave()
  return content
end

--- Returns what became of code: whether it ended well, and then its values, else the content of its error.
local function evaluate(code)
  local chunk, fault = compile(code)
  if not chunk then return false, { ename = 'syntax error', evalue = fault, traceback = lines_of('syntax error: ' .. fault) } end
  return xpcall(function()
    process.enter()
    local found = pack(chunk())
    -- What `io.write` returns.
    if found.n == 1 and (found[1] == stdout or found[1] == stderr) then found = { n = 0 } end
    local shown = found.n == 1 and bundle_of(found[1]) or {}
    for index = 1, found.n == 1 and 0 or found.n do found[index] = values.show(found[index]) end
    if found.n > 1 then shown = { ['text/plain'] = kept(concat(found, '\t', 1, found.n)) } end
    process.leave()
    return found.n > 0 and shown or nil
  end, caught)
end

--- What a function returns that may run code of cells: it can be interrupted as they can.
local function in_cell(body, ...)
  local function within(...)
    process.enter()
    local found = body(...)
    process.leave()
    return found
  end
  local ok, found = pcall(within, ...)
  process.leave()
  if not ok then error(found, 0) end
  return found
end

local function execute(content)
  local silent = content.silent
  may_ask = content.allow_stdin
  answered = ''
  if not silent then
    count = count + 1
    say('iopub', 'execute_input', { code = content.code, execution_count = count })
  end
  local ok, found = evaluate(content.code)
  process.leave()
  flush()
  if not ok and type(found) ~= 'table' then found = error_of(INTERRUPTED) end
  if ok then
    if found and not silent then
      say('iopub', 'execute_result', { data = found, metadata = {}, execution_count = count })
    end
    found = { status = 'ok', user_expressions = {}, payload = json.array({}) }
  else
    say('iopub', 'error', found)
    found.status = 'error'
  end
  found.execution_count = count
  say('shell', 'execute_reply', found)
end

-- --- requests ---

local INFO = {
  status = 'ok',
  protocol_version = '5.3',
  implementation = 'runyard-lua',
  implementation_version = '1',
  language_info = { name = 'lua', version = match(_VERSION, '[%d.]+'), mimetype = 'text/x-lua', file_extension = '.lua' },
  banner = _VERSION,
}

--- The bytes of code before a place in characters, and those behind it.
local function cut(code, place)
  local at = char_offset(code, place + 1) or #code + 1
  return sub(code, 1, at - 1), sub(code, at)
end

local handlers = {}

handlers.execute_request = execute

function handlers.complete_request(content)
  local matches, replaced = values.complete(cut(content.code, content.cursor_pos), globals)
  local stop = content.cursor_pos
  local content_of = { status = 'ok', matches = json.array(matches), cursor_start = stop - replaced, cursor_end = stop, metadata = {} }
  say('shell', 'complete_reply', content_of)
end

function handlers.inspect_request(content)
  local head, tail = cut(content.code, content.cursor_pos)
  local name = match(head, '[%w_.:]*$') .. match(tail, '^[%w_]*')
  local text = in_cell(values.inspect, name, globals)
  say('shell', 'inspect_reply', { status = 'ok', found = text ~= nil, data = { ['text/plain'] = text and kept(text) }, metadata = {} })
end

function handlers.is_complete_request(content)
  local chunk, fault = compile(content.code)
  local _, of_value = load('return ' .. content.code, '=cell', 't')
  local is_cut = not chunk and (find(fault, '<eof>', 1, true) or find(of_value, '<eof>', 1, true))
  say('shell', 'is_complete_reply', { status = chunk and 'complete' or is_cut and 'incomplete' or 'invalid', indent = is_cut and '  ' or nil })
end

function handlers.kernel_info_request() say('shell', 'kernel_info_reply', INFO) end

function handlers.history_request() say('shell', 'history_reply', { status = 'ok', history = json.array({}) }) end

function handlers.comm_info_request() say('shell', 'comm_info_reply', { status = 'ok', comms = {} }) end

local function handle(request)
  local handler = handlers[request.type]
  if not handler then return end
  parent = request.id
  say('iopub', 'status', { execution_state = 'busy' })
  local ok, fault = pcall(handler, request.content)
  process.leave()
  if not ok then
    local told, text = pcall(in_cell, values.message, fault, INTERRUPTED)
    text = sub(told and text or tostring(INTERRUPTED), 1, MOST_TEXT)
    local reply = { status = 'error', ename = 'error', evalue = text, traceback = json.array({}) }
    say('shell', gsub(request.type, 'request$', 'reply'), reply)
  end
  say('iopub', 'status', { execution_state = 'idle' })
end

say('shell', 'ready', INFO)
while true do handle(#queue > 0 and remove(queue, 1) or receive()) end

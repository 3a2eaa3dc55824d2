-- Frames in a text become links that open the frame lab on their bytes: the lines of a trace
-- ("  3 → 81 85 37 FA …  TEXT FIN masked len=5 "Hello""), and whole frames in hexadecimal within a
-- sentence. A trace shows the first bytes only; where its description tells the rest, the link has it.

local wire = {}

local opcodes = { CONT = true, TEXT = true, BINARY = true, CLOSE = true, PING = true, PONG = true }

-- What the lab is told, and by whom the bytes were sent.
function wire.address(bytes, from)
  return ('%s#hex=%s&amp;from=%s'):format(wire.lab, (bytes:gsub('.', function(byte)
    return ('%02X'):format(byte:byte())
  end)), from)
end

function wire.escape(text)
  return (text:gsub('[&<>"]', { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }))
end

-- "81 05 48" as bytes; nil when it is anything else.
local function from_hex(text)
  local bytes = {}
  for word in text:gmatch('%S+') do
    if not word:match('^%x%x$') then return nil end
    bytes[#bytes + 1] = string.char(tonumber(word, 16))
  end
  return table.concat(bytes)
end

-- §5.2: where the payload begins, how long it is, the masking key; nil while the header is cut.
local function header(bytes)
  if #bytes < 2 then return nil end
  local second = bytes:byte(2)
  local length, size, key = second & 0x7F, 2, nil
  if length >= 126 then
    local more = length == 126 and 2 or 8
    if #bytes < 2 + more then return nil end
    length, size = string.unpack(more == 2 and '>I2' or '>i8', bytes, 3), 2 + more
  end
  if second >= 0x80 then
    if #bytes < size + 4 then return nil end
    key, size = bytes:sub(size + 1, size + 4), size + 4
  end
  return { size = size, length = length, key = key }
end

local function masked(payload, key)
  if not key then return payload end
  local at = -1
  return (payload:gsub('.', function(byte)
    at = at + 1
    return string.char(byte:byte() ~ key:byte(at % 4 + 1))
  end))
end

local escapes = { n = '\n', r = '\r', t = '\t', ['"'] = '"', ['\\'] = '\\' }

-- The payload as far as the description quotes it: "text" or [hex].
local function described(description)
  local hex = description:match('%[([%x ]+).*%]')
  if hex then return from_hex(hex) end
  local code, text = description:match('len=%d+ (%d*) ?"(.*)"$')
  if not text then return nil end
  text = text:gsub('\\x(%x%x)', function(digits) return string.char(tonumber(digits, 16)) end)
             :gsub('\\(.)', escapes)
  if code ~= '' then text = string.pack('>I2', tonumber(code)) .. text end  -- a Close, §5.5.1
  return (text:gsub('…$', ''))  -- three dots: the trace has cut it
end

-- The bytes of a frame of which the trace shows the first.
local function restored(shown, description)
  local form = header(shown)
  local payload = form and described(description)
  if not payload or #payload > form.length then return shown end
  local bytes = shown:sub(1, form.size) .. masked(payload, form.key)
  -- What the trace shows is the truth; the rest was worked out.
  local common = math.min(#bytes, #shown)
  if bytes:sub(1, common) ~= shown:sub(1, common) then return shown end
  return #bytes > #shown and bytes or shown
end

local arrows = { ['→'] = 'client', ['←'] = 'server' }

local function line_as_html(line)
  for arrow, from in pairs(arrows) do
    local before, after = line:match('^(.-' .. arrow .. ' +)(%x%x .*)$')
    local hex = after and after:match('^[%x ]+')
    -- The description's first letters may be hexadecimal digits, too: two blanks end the bytes.
    hex = hex and hex:gsub('  .*$', '')
    local description = hex and after:sub(#hex + 1):gsub('^ *…', ''):gsub('^ +', '')
    local bytes = description and opcodes[description:match('^%u+')] and from_hex(hex)
    if bytes then
      return ('%s<a class="wire" href="%s" title="open these bytes in the frame lab">%s</a>'):format(
        wire.escape(before), wire.address(restored(bytes, description), from), wire.escape(after))
    end
  end
  return wire.escape(line)
end

-- A block without a language: plain, with links where lines are frames.
function wire.block(text)
  if not wire.lab then return wire.escape(text) end
  local lines = {}
  for line in (text .. '\n'):gmatch('(.-)\n') do lines[#lines + 1] = line_as_html(line) end
  return table.concat(lines, '\n')
end

-- Not every two numbers are a frame of two bytes: no RSV bit and a known opcode, and not two zeros.
local function looks_like_frame(bytes)
  local first = bytes:byte(1)
  return first & 0x70 == 0 and first & 0x07 < 3 and (first >= 0x80 or #bytes > 2)
end

-- `81 05 48 65 6c 6c 6f` in a sentence: a link when it is one whole frame. In an option, or where
-- `sender` says whose it is, these are frames in any case: also two of them, or one that is not whole.
function wire.inline(code, sender)
  local hex = code:match('^%x%x [%x ]+$') or code:match("HEX='(%x%x [%x ]+)'") or
              code:match('"(%x%x [%x ]+)"')
  local bytes = wire.lab and hex and from_hex(hex)
  local form = bytes and header(bytes)
  local whole = form and #bytes == form.size + form.length
  if not form or hex == code and not (sender or whole and looks_like_frame(bytes)) then return nil end
  local from = sender or code:match('%-%-raw ') and 'client' or code:match('%-%-answer ') and 'server' or
               (form.key and 'client' or 'server')
  return ('<a class="wire" href="%s" title="open these bytes in the frame lab"><code>%s</code></a>')
    :format(wire.address(bytes, from), wire.escape(code))
end

return wire

-- event_read - a piece of a tenant's stream of audit records; changes nothing.
-- ARGV 10 stream 11 newer | older 12 first term of the range 13 its last 14 looks 15 most records
--      16-17 time of the record, from (incl.) and to (excl.) ms 18 event 19 user 20 session
-- An empty filter lets everything through. An entry past its retention is not shown, trimmed or not.
-- Adds: id that was looked at last (empty = none), is there more behind it (0, 1), then id, record
-- of each that fits.
local PIECE, ROOM = 100, 400000
local stream, command = ARGV[10], ARGV[11] == 'newer' and 'XRANGE' or 'XREVRANGE'
local first, last = ARGV[12], ARGV[13]
local looks, max = tonumber(ARGV[14]), tonumber(ARGV[15])
local from, to = tonumber(ARGV[16]), tonumber(ARGV[17])
local old = now - retain * 1000
local out, seen, size = { '', 0 }, 0, 0

local function is_like(f, name, want)
  return want == '' or field(f, name) == want
end

local function fits(id, f)
  local t = num(field(f, 't'))
  return t >= from and t < to and num(string.match(id, '^%d+')) >= old and is_like(f, 'e', ARGV[18])
    and is_like(f, 'u', ARGV[19]) and is_like(f, 's', ARGV[20])
end

local function is_full()
  return seen == looks or (#out - 2) / 2 >= max or size > ROOM
end

local more = true
while more do
  local page = redis.call(command, stream, first, last, 'COUNT', PIECE)
  for _, entry in ipairs(page) do
    if is_full() then
      out[2] = 1
      break
    end
    local id, f = entry[1], entry[2]
    seen, out[1] = seen + 1, id
    if fits(id, f) then
      local record = field(f, 'r') or ''
      size = size + #record
      out[#out + 1] = id
      out[#out + 1] = record
    end
  end
  more = #page == PIECE and out[2] == 0
  first = '(' .. out[1]
end
return reply('OK', nil, out)

-- list_user - a page of a user's sessions, newest first, without their data.
-- ARGV 10 uhash 11 from ms 12 from sid (both of the last row given before; 12 empty to begin)
--      13 limit
-- Adds: rows, next ms (-1 = end), next sid, then per row: sid, pairs, the pairs.
local index = u_base .. ARGV[10]
local limit = tonumber(ARGV[13])
local MAX_BYTES, MAX_LOOKS = 400000, limit + 256

local rows, bytes, looks = 0, 0, 0
local more = { 0, -1, '' }
local dead = {}
more[2], more[3] = walk(index, ARGV[11], ARGV[12], function(sid)
  if rows >= limit or bytes > MAX_BYTES or looks >= MAX_LOOKS then
    return false
  end
  looks = looks + 1
  local r = load(sid)
  if not r then
    dead[#dead + 1] = sid
    return true
  end
  more[#more + 1] = sid
  more[#more + 1] = 0
  local at = #more
  local n, size = pairs_of(r, more, true)
  more[at] = n
  rows = rows + 1
  bytes = bytes + size + 64
  return true
end)
for _, sid in ipairs(dead) do
  redis.call('ZREM', index, sid)
end
more[1] = rows
return reply('OK', nil, more)

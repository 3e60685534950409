-- list_user - a page of a user's sessions, newest first, without their data.
-- ARGV 10 uhash 11 from ms 12 from sid (both of the last row given before; 12 empty to begin)
--      13 limit
-- Adds: rows, next ms (-1 = end), next sid, then per row: sid, pairs, the pairs.
local index = u_base .. ARGV[10]
local from, from_sid, limit = ARGV[11], ARGV[12], tonumber(ARGV[13])
local MAX_BYTES, MAX_LOOKS = 400000, limit + 256

-- Bytes, not the server's collation.
local function below(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

local rows, bytes, looks, offset = 0, 0, 0, 0
local more = { 0, -1, '' }
local dead = {}
local full = false
while not full do
  local page = redis.call('ZRANGE', index, from, '-inf', 'BYSCORE', 'REV', 'LIMIT', offset, 100,
    'WITHSCORES')
  if #page == 0 then
    break
  end
  for i = 1, #page, 2 do
    local sid, score = page[i], page[i + 1]
    if from_sid == '' or tonumber(score) ~= tonumber(from) or below(sid, from_sid) then
      if rows >= limit or bytes > MAX_BYTES or looks >= MAX_LOOKS then
        full = true
        break
      end
      looks = looks + 1
      local r = load(sid)
      if r then
        more[#more + 1] = sid
        more[#more + 1] = 0
        local at = #more
        local n, size = pairs_of(r, more, true)
        more[at] = n
        rows = rows + 1
        bytes = bytes + size + 64
      else
        dead[#dead + 1] = sid
      end
      more[2], more[3] = tonumber(score), sid
    end
  end
  offset = offset + 100
end
for _, sid in ipairs(dead) do
  redis.call('ZREM', index, sid)
end
more[1] = rows
if not full then
  more[2], more[3] = -1, ''
end
return reply('OK', nil, more)

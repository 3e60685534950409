-- share - a one-time code with which another client may open a session beside this one. It stands in the
-- session's record, as a hash: hash 32 | end ms, 16 digits | used 0 or 1 | client.
-- ARGV 10 sid 11 number of the code 12 hash of the code 13 client 14 ttl ms
--      15 idle 16 absolute 17 remember idle 18 remember absolute 19 touch interval
-- Adds: count, then the record's pairs. exp is the code's end.
local sid = ARGV[10]
local MAX_CODES, USED_MS = 16, 3600000
local key = s_base .. sid

local function answer(status, r, t)
  local more = { 0 }
  if r then
    more[1] = pairs_of(r, more)
  end
  return reply(status, t, more)
end

local r = load(sid)
if not r then
  return answer('ABSENT')
end
if r.status ~= 'active' then
  return answer('ENDED', r)
end
local remember = r.remember == '1'
local idle = tonumber(remember and ARGV[17] or ARGV[15])
local absolute = tonumber(remember and ARGV[18] or ARGV[16])
local idle_ms, absolute_ms = clocks(r, idle, absolute)
local why = run_out(idle_ms, absolute_ms, tonumber(ARGV[19]) * 1000)
if why then
  end_session(sid, r, why)
  return answer('EXPIRED', r)
end
if r.client == ARGV[13] then
  return answer('MISMATCH', r)
end

-- Forget what is over: codes, a used one an hour later (until then it is known as used), and
-- children that have ended.
local drop, kept = {}, {}
for name, value in pairs(r) do
  local kind = string.sub(name, 1, 2)
  if kind == 'x:' then
    local end_ms = num(string.sub(value, 33, 48))
    local used = string.sub(value, 49, 49) == '1'
    if now >= end_ms + (used and USED_MS or 0) then
      drop[#drop + 1] = name
    else
      kept[#kept + 1] = { name = name, end_ms = end_ms }
    end
  elseif kind == 'c:' and
    redis.call('HGET', s_base .. string.sub(name, 3), 'status') ~= 'active' then
    drop[#drop + 1] = name
  end
end
table.sort(kept, function(a, b) return a.end_ms < b.end_ms end)
for i = 1, #kept - MAX_CODES + 1 do
  drop[#drop + 1] = kept[i].name
end
if #drop > 0 then
  redis.call('HDEL', key, unpack(drop))
end
local end_ms = math.min(now + tonumber(ARGV[14]), absolute_ms)
redis.call('HSET', key, 'x:' .. ARGV[11],
  ARGV[12] .. string.format('%016.0f', end_ms) .. '0' .. ARGV[13])
return answer('OK', r, { exp = math.floor(end_ms / 1000) })

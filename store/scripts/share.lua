-- share - a one-time code with which another client may open a session beside this one. It stands in the
-- session's record, as a hash: hash 32 | end ms, 16 digits | used 0 or 1 | client.
-- ARGV 10 sid 11 number of the code 12 hash of the code 13 client 14 ttl ms
--      15 idle 16 absolute 17 remember idle 18 remember absolute 19 touch interval 20 trust levels
-- Adds: count, then the record's pairs. exp is the code's end.
local sid = ARGV[10]
local POLICY, MAX_CODES, USED_MS = 15, 16, 3600000
local key = s_base .. sid

local r = load(sid)
if not r then
  return reply_record('ABSENT')
end
if r.status ~= 'active' then
  return reply_record('ENDED', r)
end
local why = run_out_by(r, POLICY)
if why then
  end_session(sid, r, why)
  return reply_record('EXPIRED', r)
end
if r.client == ARGV[13] then
  return reply_record('MISMATCH', r)
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
local _, absolute_ms = clocks_by(r, POLICY)
local end_ms = math.min(now + tonumber(ARGV[14]), absolute_ms)
redis.call('HSET', key, 'x:' .. ARGV[11],
  ARGV[12] .. string.format('%016.0f', end_ms) .. '0' .. ARGV[13])
return reply_record('OK', r, { exp = math.floor(end_ms / 1000) })

-- lock - takes, renews or gives back the lease on a session's data.
-- ARGV 10 sid 11 hash of the token presented ('' = none) 12 hash of a new token
--      13 ttl ms (0 = give it back) 14 idle 15 absolute 16 remember idle 17 remember absolute
--      18 touch interval 19 trust levels
-- Adds: fence, until ms, 1 when renewed, user.
-- A fence is never given twice, nor a lower one after a higher: it rises with each taking, and is
-- not below the clock (us), for the case that the store lost the last one.
local sid, presented, ttl = ARGV[10], ARGV[11], tonumber(ARGV[13])
local key = s_base .. sid
local r = load(sid)
if not r then
  return reply('ABSENT', nil, { 0, 0, 0, '' })
end

local function answer(status, renewed)
  return reply(status, nil, { num(r.fence), num(r.lock), renewed and 1 or 0, r.user or '' })
end

if not can_change(r, 14) then
  return answer('ENDED')
end
if is_locked(r, presented) then
  return answer('LOCKED')
end
local held = num(r.lock) > now
if ttl == 0 then
  redis.call('HDEL', key, 'lock', 'lhash')
  return answer('OK', held)
end
r.lock = int(now + ttl)
if held then
  redis.call('HSET', key, 'lock', r.lock)
else
  r.fence = int(math.max(num(r.fence) + 1, now_s * 1000000 + tonumber(clock[2])))
  redis.call('HSET', key, 'lock', r.lock, 'lhash', ARGV[12], 'fence', r.fence)
end
return answer('OK', held)

-- touch_now - activity that the caller reports itself; answers when the clocks run out now. A session
-- whose clock had run out is not revived: it ends.
-- ARGV 10 sid 11 idle 12 absolute 13 remember idle 14 remember absolute
--      15 touch interval
-- Adds: count, then the record's pairs.
local sid = ARGV[10]

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
local idle = tonumber(remember and ARGV[13] or ARGV[11])
local absolute = tonumber(remember and ARGV[14] or ARGV[12])
local idle_ms, absolute_ms = clocks(r, idle, absolute)
local why = run_out(idle_ms, absolute_ms, tonumber(ARGV[15]) * 1000)
if why then
  end_session(sid, r, why)
  return answer('EXPIRED', r)
end
r.seen = int(math.max(now, num(r.seen)))
r.count = int(num(r.count) + 1)
redis.call('HSET', s_base .. sid, 'seen', r.seen, 'count', r.count)
idle_ms, absolute_ms = clocks(r, idle, absolute)
local deadline = math.min(idle_ms, absolute_ms)
redis.call('ZADD', KEYS[3], 'XX', int(deadline), tenant .. ':' .. sid)
if r.uhash then
  tally_user(r.uhash)
end
return answer('OK', r, { idle_at = math.floor(deadline / 1000),
  absolute_at = math.floor(absolute_ms / 1000) })

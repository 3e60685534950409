-- touch_now - activity that the caller reports itself; answers when the clocks run out now. A session
-- whose clock had run out is not revived: it ends.
-- ARGV 10 sid 11 idle 12 absolute 13 remember idle 14 remember absolute
--      15 touch interval 16 trust levels
-- Adds: count, then the record's pairs.
local sid, POLICY = ARGV[10], 11

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
r.seen = int(math.max(now, num(r.seen)))
r.count = int(num(r.count) + 1)
redis.call('HSET', s_base .. sid, 'seen', r.seen, 'count', r.count)
local idle_ms, absolute_ms = clocks_by(r, POLICY)
local deadline = math.min(idle_ms, absolute_ms)
redis.call('ZADD', KEYS[3], 'XX', int(deadline), tenant .. ':' .. sid)
if r.uhash then
  tally_user(r.uhash)
end
return reply_record('OK', r, { idle_at = math.floor(deadline / 1000),
  absolute_at = math.floor(absolute_ms / 1000) })

-- expire - a sweeper looks at a session that is due: ends it if a clock has run out by what the
-- record says now, or a rule by time has ended it, removes it if nobody may read it any more, else says
-- when to look again.
-- ARGV 10 sid 11 idle 12 absolute 13 remember idle 14 remember absolute 15 touch interval
--      16 trust levels 17 owner 18 1: asked before, and the answer was lost 19 rules by time
-- Adds, with OK: reason, user. LATER: not yet. GONE: the record is removed. ABSENT: it was.
local sid, POLICY = ARGV[10], 11
local member = tenant .. ':' .. sid
local r = load(sid)

local function forget()
  redis.call('ZREM', KEYS[3], member)
  redis.call('ZREM', KEYS[4], sid)
  if r and r.uhash then
    redis.call('ZREM', u_base .. r.uhash, sid)
    redis.call('ZREM', a_base .. r.uhash, sid)
  end
end

local function look_at(ms)
  redis.call('ZADD', KEYS[3], int(ms), member)
  return reply('LATER')
end

if not r then
  forget()
  return reply('ABSENT')
end
if r.status == 'active' then
  local slack_ms = tonumber(ARGV[POLICY + 4]) * 1000
  local idle_ms, absolute_ms = clocks_by(r, POLICY)
  local why = run_out(idle_ms, absolute_ms, slack_ms) or ruled_out(r, rules_of(ARGV[19]))
  if why then
    end_session(sid, r, why)
    redis.call('HSET', s_base .. sid, 'by', ARGV[17])
    return reply('OK', nil, { why, r.user or '' })
  end
  -- A deadline that has passed is looked at once more: when nobody can have seen it unflushed.
  return look_at(math.min(absolute_ms, idle_ms > now and idle_ms or idle_ms + slack_ms))
end
if ARGV[18] == '1' and r.by == ARGV[17] then
  return reply('OK', nil, { r.reason, r.user or '' })
end
local gone = math.max(num(r.ended) + retain * 1000, (num(r['until']) + LINGER_S) * 1000)
if now < gone then
  return look_at(gone)
end
forget()
redis.call('PEXPIREAT', s_base .. sid, 1)
return reply('GONE')

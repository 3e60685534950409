-- reindex - the policy's clocks have become shorter, or a rule by time has come: puts a tenant's sessions of
-- this partition to where a sweeper should look at them now; never later than they stand. A piece at a time.
-- ARGV 10 from ms 11 from sid (both empty to begin) 12 how many 13-18 clocks now, touch interval, trust levels
--      19 rules by time
-- Adds: next ms (-1 = end), next sid.
local FIELDS = { 'status', 'seen', 'created', 'idle', 'absolute', 'remember', 'dev_trust', 'ended', 'until',
  'client' }
local before = rules_of(ARGV[19])
local limit = tonumber(ARGV[12])

local function place(sid)
  local r = load_some(sid, FIELDS)
  local at
  if r.status == 'active' then
    at = ruled_out(r, before) and now or math.min(clocks_by(r, 13))
  elseif r.status == 'ended' then
    at = math.max(num(r.ended) + retain * 1000, (num(r['until']) + LINGER_S) * 1000)
  end
  if at then
    redis.call('ZADD', KEYS[3], 'LT', int(at), tenant .. ':' .. sid)
  end
end

local looks = 0
return reply('OK', nil, { walk(KEYS[4], ARGV[10], ARGV[11], function(sid)
  looks = looks + 1
  if looks > limit then
    return false
  end
  place(sid)
  return true
end) })

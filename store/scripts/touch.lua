-- touch - activity of a session: seen only rises, requests are added.
-- ARGV 10 sid 11 seen ms 12 requests 13 idle 14 absolute 15 remember idle 16 remember absolute
--      17 touch interval 18 trust levels
local sid, POLICY = ARGV[10], 13
local key = s_base .. sid
local r = load_some(sid, { 'status', 'seen', 'count', 'idle', 'created', 'absolute', 'remember',
  'dev_trust', 'uhash' })
if not r.status then
  return reply('ABSENT')
end
if r.status ~= 'active' then
  return reply('ENDED')
end
r.seen = int(math.max(num(r.seen), math.min(tonumber(ARGV[11]), now)))
redis.call('HSET', key, 'seen', r.seen, 'count', int(num(r.count) + tonumber(ARGV[12])))
local deadline = math.min(clocks_by(r, POLICY))
redis.call('ZADD', KEYS[3], 'XX', int(deadline), tenant .. ':' .. sid)
if r.uhash then
  tally_user(r.uhash)
end
return reply('OK', { idle_at = math.floor(deadline / 1000) })

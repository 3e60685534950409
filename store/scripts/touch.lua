-- touch - activity of a session: seen only rises, requests are added.
-- ARGV 10 sid 11 seen ms 12 requests
local sid = ARGV[10]
local key = s_base .. sid
local f = redis.call('HMGET', key, 'status', 'seen', 'count', 'idle', 'created', 'absolute', 'uhash')
if not f[1] then
  return reply('ABSENT')
end
if f[1] ~= 'active' then
  return reply('ENDED')
end
local seen = math.max(num(f[2]), math.min(tonumber(ARGV[11]), now))
redis.call('HSET', key, 'seen', int(seen), 'count', int(num(f[3]) + tonumber(ARGV[12])))
local deadline = math.min(seen + num(f[4]) * 1000, num(f[5]) + num(f[6]) * 1000)
redis.call('ZADD', KEYS[3], 'XX', int(deadline), tenant .. ':' .. sid)
if f[7] then
  tally_user(f[7])
end
return reply('OK', { idle_at = math.floor(deadline / 1000) })

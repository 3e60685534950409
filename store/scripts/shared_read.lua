-- shared_read - what a user's sessions share, and his data key.
-- ARGV 10 uhash 11 data key base 12 shared base
-- Adds: the data key ('' = none), version, updated ms, data ('' = none).
local uhash = ARGV[10]
local f = redis.call('HMGET', ARGV[12] .. uhash, 'v', 'version', 'updated', 'data')
local more = { user_key(ARGV[11] .. uhash), num(f[2]), num(f[3]), f[4] or '' }
if f[1] and f[1] ~= '1' then
  return reply('CORRUPT', nil, more)
end
local known = f[1] or redis.call('EXISTS', u_base .. uhash) == 1
return reply(known and 'OK' or 'ABSENT', nil, more)

-- restrict - what is kept of a user is kept and no more: his sessions end, and none begins, until it
-- is lifted. Idempotent.
-- ARGV 10 uhash 11 data key base 12 1: restricted, 0: not (any more), '': asks
-- Adds: since when (ms, 0 = not restricted), 1 when this call changed it.
local uhash, FOREVER_MS = ARGV[10], 253402300799000
local name = ARGV[11] .. uhash
local since = num(redis.call('HGET', name, 'restricted'))

if ARGV[12] == '1' then
  if since == 0 then
    redis.call('HSET', name, 'restricted', int(now))
    keep_until(name, FOREVER_MS)
  end
  end_each(a_base .. uhash, 'admin')
  return reply('OK', nil, { since == 0 and now or since, since == 0 and 1 or 0 })
elseif ARGV[12] == '0' then
  redis.call('HDEL', name, 'restricted')
  return reply('OK', nil, { 0, since > 0 and 1 or 0 })
end
return reply('OK', nil, { since, 0 })

-- shred - destroys a user's data key, and what was sealed under it: idempotent.
-- ARGV 10 uhash 11 data key base 12 shared base
-- Adds: 1 when a key was destroyed, how many records lost their data.
local uhash = ARGV[10]
local key = redis.call('HDEL', ARGV[11] .. uhash, 'key')
local lost = redis.call('HDEL', ARGV[12] .. uhash, 'data', 'v', 'user', 'version', 'updated')
lost = math.min(lost, 1)
for _, sid in ipairs(redis.call('ZRANGE', u_base .. uhash, 0, -1)) do
  lost = lost + redis.call('HDEL', s_base .. sid, 'data')
end
return reply('OK', nil, { key, lost })

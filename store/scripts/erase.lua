-- shred - destroys a user's data key, and what was sealed under it: idempotent.
-- ARGV 10 uhash 11 data key base 12 shared base 13 device base
-- Adds: 1 when a key was destroyed, how many records lost their data.
local uhash = ARGV[10]
local key = redis.call('HDEL', ARGV[11] .. uhash, 'key')
local lost = redis.call('HDEL', ARGV[12] .. uhash, 'data', 'v', 'user', 'version', 'updated')
lost = math.min(lost, 1)
for _, sid in ipairs(redis.call('ZRANGE', u_base .. uhash, 0, -1)) do
  lost = lost + redis.call('HDEL', s_base .. sid, 'data')
end
-- The devices go too, and what was kept of each.
for _, name in ipairs({ ARGV[13] .. uhash, ARGV[13] .. uhash .. ':d' }) do
  local flat = redis.call('HGETALL', name)
  for i = 1, #flat, 2 do
    redis.call('HDEL', name, flat[i])
  end
end
return reply('OK', nil, { key, lost })

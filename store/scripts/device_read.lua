-- device_read - a user's devices, or one of them with its data.
-- ARGV 10 uhash 11 data key base 12 device base 13 device id ('' = all)
-- Adds: the data key ('' = none), sealed data ('' = none), 0, count, then id and record of each.
local uhash, id = ARGV[10], ARGV[13]
local devices = ARGV[12] .. uhash
local key = user_key(ARGV[11] .. uhash)
if id == '' then
  local flat = redis.call('HGETALL', devices)
  local more = { key, '', 0, #flat / 2 }
  for i = 1, #flat do
    more[#more + 1] = flat[i]
  end
  return reply('OK', nil, more)
end
local text = redis.call('HGET', devices, id)
if not text then
  return reply('ABSENT', nil, { key, '', 0, 0 })
end
return reply('OK', nil, { key, redis.call('HGET', devices .. ':d', id) or '', 0, 1, id, text })

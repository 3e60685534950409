-- device_end - forgets a device of a user, and ends its sessions: idempotent.
-- ARGV 10 uhash 11 data key base 12 device base 13 device id 14 reason
-- Adds: '', '', 1 when it was known, 0.
local uhash, id = ARGV[10], ARGV[13]
local devices = ARGV[12] .. uhash
local was = redis.call('HDEL', devices, id)
redis.call('HDEL', devices .. ':d', id)
end_each(a_base .. uhash, ARGV[14], function(_, r)
  return r.dev == id
end)
return reply('OK', nil, { '', '', was, 0 })

-- device_end - forgets a device of a user, and ends its sessions: idempotent.
-- ARGV 10 uhash 11 data key base 12 device base 13 device id 14 reason
-- Adds: '', '', 1 when it was known, 0.
local uhash, id = ARGV[10], ARGV[13]
local devices, active = ARGV[12] .. uhash, a_base .. uhash
local was = redis.call('HDEL', devices, id)
redis.call('HDEL', devices .. ':d', id)
-- Newest first: a child that is meant itself ends for this reason, not for its parent's end.
for _, sid in ipairs(redis.call('ZRANGE', active, 0, -1, 'REV')) do
  local r = load(sid)
  if not r or r.status ~= 'active' then
    redis.call('ZREM', active, sid)
  elseif r.dev == id then
    end_session(sid, r, ARGV[14])
  end
end
return reply('OK', nil, { '', '', was, 0 })

-- due - what a sweeper should look at in this partition, if the partition is its own: one master at
-- a time holds the lease (KEYS 6), until it has not come for so long.
-- ARGV 10 owner 11 lease ms 12 limit
-- Adds: the members of the deadline index that are due, oldest first. HELD: it is another's.
local owner, lease_ms = ARGV[10], tonumber(ARGV[11])
if redis.call('EXISTS', KEYS[3]) == 0 then
  return reply('OK')
end
local lease = redis.call('HMGET', KEYS[6], 'owner', 'until')
local left = num(lease[2]) - now
if lease[1] and lease[1] ~= owner and left > 0 and left <= lease_ms then
  return reply('HELD')
end
if lease[1] ~= owner or left < lease_ms / 2 then
  redis.call('HSET', KEYS[6], 'owner', owner, 'until', int(now + lease_ms))
  redis.call('PEXPIREAT', KEYS[6], int(now + lease_ms))
end
local members = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[3], '-inf', int(now), 'BYSCORE', 'LIMIT', 0,
  tonumber(ARGV[12]))) do
  if #member > 23 and string.match(member, '^[a-z0-9%-]+:[%w_%-]+$') then
    members[#members + 1] = member
  else
    redis.call('ZREM', KEYS[3], member) -- no script of ours writes such a one
  end
end
return reply('OK', nil, members)

-- event_erase - a tenant's stream of audit records without those of one user: written anew beside it, a
-- piece at a time, and put into its place in the step that comes to its end. What is only deleted in a
-- stream stays in its memory, and in the file of the server.
-- ARGV 10 stream 11 user 12 how the user stands in a record as its actor 13 entries at once
--      14 owner: who asks, the same at each piece 15 lease ms
-- LOCKED: another's is under way. Adds: entries left out so far, 1 when there is more to do.
local stream, user, actor = ARGV[10], ARGV[11], ARGV[12]
local most, owner, lease_ms = tonumber(ARGV[13]), ARGV[14], tonumber(ARGV[15])
local copy, lease = stream .. ':c', stream .. ':l'

local function drop(key)
  redis.call('PEXPIREAT', key, 1)
end

local l = redis.call('HMGET', lease, 'owner', 'until', 'at', 'out')
local held = l[1] and num(l[2]) > now
if held and l[1] ~= owner then
  return reply('LOCKED', nil, { 0, 1 })
end
local at, out = '-', 0
if held then
  at, out = '(' .. l[3], num(l[4])
else
  drop(copy)
end

local page = redis.call('XRANGE', stream, at, '+', 'COUNT', most)
for _, entry in ipairs(page) do
  local f = entry[2]
  if field(f, 'u') == user or string.find(field(f, 'r') or '', actor, 1, true) then
    out = out + 1
  else
    redis.call('XADD', copy, entry[1], unpack(f))
  end
end
if #page == most then
  redis.call('HSET', lease, 'owner', owner, 'until', int(now + lease_ms), 'at', page[most][1], 'out', int(out))
  redis.call('PEXPIREAT', lease, int(now + 2 * lease_ms))
  redis.call('PEXPIREAT', copy, int(now + 2 * lease_ms))
  return reply('OK', nil, { out, 1 })
end
if out > 0 then
  local dies = redis.call('PEXPIRETIME', stream)
  if redis.call('EXISTS', copy) == 1 then
    redis.call('RENAME', copy, stream)
    redis.call('PEXPIREAT', stream, int(dies > 0 and dies or now + retain * 1000))
  else
    drop(stream)
  end
end
drop(copy)
drop(lease)
return reply('OK', nil, { out, 0 })

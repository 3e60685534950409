-- update - a session's data, if it is still what was read, under the data key that was read.
-- ARGV 10 sid 11 data key base 12 standing key 13 key to put 14 version ('' = any) 15 head of the
--      data that was read 16 data 17 hash of the lock's token 18 idle 19 absolute
--      20 remember idle 21 remember absolute 22 touch interval 23 trust levels
-- Adds: the data key that stands, count, then the record's pairs (as it is now).
-- Version and head together: a store that lost changes gives versions out again.
local sid = ARGV[10]
local r = load(sid)
if not r then
  return reply('ABSENT', nil, { '', 0 })
end
local data_key = r.uhash and ARGV[11] .. r.uhash
local standing = data_key and user_key(data_key) or ''

local function answer(status)
  local more = { standing, 0 }
  more[2] = pairs_of(r, more)
  return reply(status, nil, more)
end

if not can_change(r, 18) then
  return answer('ENDED')
end
if is_locked(r, ARGV[17]) then
  return answer('LOCKED')
end
if ARGV[14] ~= '' and not is_same(r.version, r.data, ARGV[14], ARGV[15]) then
  return answer('CONFLICT')
end
if standing ~= ARGV[12] then
  return answer('KEY')
end
local key = s_base .. sid
r.version, r.data = int(num(r.version) % 4294967295 + 1), ARGV[16]
redis.call('HSET', key, 'version', r.version, 'data', r.data)
keep_user_key(data_key, ARGV[13], redis.call('PEXPIRETIME', key) + DAY_MS)
append('kind', 'change', 'tenant', tenant, 'user', r.user, 'sid', sid, 'until', int(now_s))
r.data = nil -- whoever wrote it has it
return answer('OK')

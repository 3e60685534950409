-- shared_write - what a user's sessions share, if it is still what was read (0: nothing).
-- ARGV 10 uhash 11 data key base 12 shared base 13 standing key 14 key to put
--      15 version ('' = any) 16 head of the data that was read 17 data 18 user
-- Adds: the data key that stands, version, updated ms, data (as it is; '' when written).
local uhash, FOREVER_MS = ARGV[10], 253402300799000
local data_key, shared = ARGV[11] .. uhash, ARGV[12] .. uhash
local f = redis.call('HMGET', shared, 'v', 'version', 'updated', 'data')
local standing = user_key(data_key)

local function answer(status)
  return reply(status, nil, { standing, num(f[2]), num(f[3]), f[4] or '' })
end

if f[1] and f[1] ~= '1' then
  return answer('CORRUPT')
end
if redis.call('HGET', data_key, 'restricted') then
  return answer('RESTRICTED')
end
if ARGV[15] ~= '' and not is_same(f[2] or '0', f[4], ARGV[15], ARGV[16]) then
  return answer('CONFLICT')
end
if standing ~= ARGV[13] then
  return answer('KEY')
end
f[2], f[3], f[4] = int(num(f[2]) % 4294967295 + 1), int(now), nil
redis.call('HSET', shared, 'v', '1', 'user', ARGV[18], 'version', f[2], 'updated', f[3],
  'data', ARGV[17])
keep_user_key(data_key, ARGV[14], FOREVER_MS)
return answer('OK')

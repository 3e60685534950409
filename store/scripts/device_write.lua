-- device_write - registers a device, or changes one that is known.
-- ARGV 10 uhash 11 data key base 12 device base 13 device id 14 how (new, set)
--      15 name 16 type 17 trust (each '=' and the value; '' = stays) 18 standing key 19 key to put
--      20 sealed data ('' = stays) 21 idle 22 absolute 23 remember idle 24 remember absolute
--      25 touch interval 26 trust levels
-- Adds: the data key that stands, data (as it is; '' when written), 1 when it is new, count, then
-- id and record.
local uhash, id, FOREVER_MS, POLICY = ARGV[10], ARGV[13], 253402300799000, 21
local data_key, devices = ARGV[11] .. uhash, ARGV[12] .. uhash
local standing = user_key(data_key)
local f = load_device(devices, id)
local new = f and 0 or 1

if redis.call('HGET', data_key, 'restricted') then
  return reply('RESTRICTED', nil, { standing, '', 0, 0 })
end
if not f and ARGV[14] ~= 'new' then
  return reply('ABSENT', nil, { standing, '', 0, 0 })
end
if not f and is_full(devices) then
  return reply('LIMIT', nil, { standing, '', 0, 0 })
end
if ARGV[20] ~= '' and standing ~= ARGV[18] then
  return reply('KEY', nil, { standing, '', 0, 0 })
end
f = f or { '1', '', '', '', int(now), '', '0' }
for i = 2, 4 do
  if ARGV[13 + i] ~= '' then
    f[i] = string.sub(ARGV[13 + i], 2)
  end
end
f[6] = int(now)
save_device(devices, id, f)
-- How it is trusted counts for its sessions that live, too: their records, when a sweeper looks at
-- them, and what the nodes remember.
if new == 1 or ARGV[17] ~= '' then
  for _, sid in ipairs(redis.call('ZRANGE', a_base .. uhash, 0, -1)) do
    local r = load(sid)
    if r and r.status == 'active' and r.dev == id and (r.dev_trust or '') ~= f[4] then
      r.dev_trust = f[4]
      redis.call('HSET', s_base .. sid, 'dev_trust', f[4])
      redis.call('ZADD', KEYS[3], 'LT', int(math.min(clocks_by(r, POLICY))), tenant .. ':' .. sid)
      append('kind', 'change', 'tenant', tenant, 'user', r.user, 'sid', sid, 'until', int(now_s))
    end
  end
end
keep_until(devices, FOREVER_MS)
local data = ''
if ARGV[20] ~= '' then
  redis.call('HSET', devices .. ':d', id, ARGV[20])
  keep_until(devices .. ':d', FOREVER_MS)
  keep_user_key(data_key, ARGV[19], FOREVER_MS)
else
  data = redis.call('HGET', devices .. ':d', id) or ''
end
return reply('OK', nil, { standing, data, new, 1, id, redis.call('HGET', devices, id) })

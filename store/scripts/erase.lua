-- erase - a user is forgotten: his sessions end, their records keep what a shown token needs and no
-- more, until their tokens are over; his data key, what was sealed under it and his restriction go.
-- So many records at once: asked again while some are left. Idempotent.
-- ARGV 10 uhash 11 data key base 12 shared base 13 device base 14 records at once
-- Adds: records stripped, records left, 1 when a data key was destroyed, 1 when data was shared,
-- devices.
local uhash = ARGV[10]
local users = u_base .. uhash
local KEPT = { v = true, status = true, mode = true, remember = true, gen = true, sgen = true,
  version = true, created = true, seen = true, ended = true, reason = true, lid = true, idle = true,
  absolute = true, refresh_end = true, ['until'] = true, shash = true }

local function take(name)
  local known = redis.call('EXISTS', name)
  if known == 1 then
    redis.call('PEXPIREAT', name, 1)
  end
  return known
end

-- The log names no user.
end_each(a_base .. uhash, 'erased', function(_, r)
  r.user = ''
  return true
end)

local function strip(sid)
  local key, drop = s_base .. sid, {}
  local r = load(sid)
  redis.call('ZREM', users, sid)
  redis.call('ZREM', KEYS[3], tenant .. ':' .. sid)
  redis.call('ZREM', KEYS[4], sid)
  if not r then
    return 0
  end
  if r.status ~= 'ended' then
    r.user = ''
    end_session(sid, r, 'erased')
  end
  for name in pairs(r) do
    if not KEPT[name] then
      drop[#drop + 1] = name
    end
  end
  redis.call('HDEL', key, unpack(drop))
  redis.call('HSET', key, 'user', '', 'auth_time', '0', 'count', '0', 'seen', r.created or '0',
    'reason', 'erased')
  local over = math.max(num(r['until']), math.floor(num(r.ended) / 1000)) + LINGER_S
  redis.call('PEXPIREAT', key, int(over * 1000))
  return 1
end

local stripped = 0
for _, sid in ipairs(redis.call('ZRANGE', users, 0, tonumber(ARGV[14]) - 1)) do
  stripped = stripped + strip(sid)
end
local had_key = redis.call('HDEL', ARGV[11] .. uhash, 'key')
take(ARGV[11] .. uhash)
local devices = #redis.call('HGETALL', ARGV[13] .. uhash) / 2
take(ARGV[13] .. uhash)
take(ARGV[13] .. uhash .. ':d')
take(ARGV[13] .. uhash .. ':p')
return reply('OK', nil,
  { stripped, redis.call('ZCARD', users), had_key, take(ARGV[12] .. uhash), devices })

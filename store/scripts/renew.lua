-- renew - a new session token beside the one in use. The first who presents the token in use is given
-- one, sealed; all who come later the same. The first who presents the new one makes it the one in
-- use; the old one is accepted for the overlap after that (who never takes the new one keeps the old).
-- ARGV 10 sid 11 hash of the token presented 12 hash of a new token 13 that one, sealed
-- OK: the new one was taken in, or is in use from now on; SUCCESSOR: another was given out before.
local sid, hash = ARGV[10], ARGV[11]
local key = s_base .. sid
local r = load(sid)
if not r then
  return reply('ABSENT')
end
if r.status ~= 'active' then
  return reply('ENDED')
end
if hash == r.shash then
  if r.nhash then
    return reply('SUCCESSOR', { successor = r.nseal })
  end
  redis.call('HSET', key, 'nhash', ARGV[12], 'nseal', ARGV[13])
  return reply('OK')
end
if not r.nhash or hash ~= r.nhash then
  return reply('MISMATCH')
end
redis.call('HSET', key, 'shash', r.nhash, 'sgen', int(num(r.sgen) + 1), 'sissued', int(now_s),
  'ohash', r.shash, 'osince', int(now))
redis.call('HDEL', key, 'nhash', 'nseal')
append('kind', 'change', 'tenant', tenant, 'user', r.user, 'sid', sid, 'until', int(now_s))
return reply('OK')

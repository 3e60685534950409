-- rule - tokens of a tenant, client or key issued before a time are refused.
-- KEYS 5 tenant record   ARGV 10 kind (tenant, client, key) 11 id 12 before s (0 = now) 13 until s
-- Adds: the time in force.
local kind, id = ARGV[10], ARGV[11]
local before, until_s = tonumber(ARGV[12]), tonumber(ARGV[13])
local name = kind == 'tenant' and 'before' or (kind == 'client' and 'c:' or 'k:') .. id
if before == 0 or before > now_s then
  before = now_s
end
if kind ~= 'tenant' then
  before = before + 1 -- what was issued in this very second goes as well
end
before = math.max(before, num(redis.call('HGET', KEYS[5], name)))
redis.call('HSET', KEYS[5], name, int(before))
keep_until(KEYS[5], (math.max(until_s, now_s) + LINGER_S) * 1000)
append('kind', kind, 'tenant', tenant, 'id', id, 'before', int(before), 'until', int(until_s))
return reply('OK', nil, { before })

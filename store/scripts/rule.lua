-- rule - tokens of a tenant, client or key issued before a time are refused.
-- KEYS 6 tenant record   ARGV 10 kind (tenant, client, key) 11 id 12 before s (0 = now) 13 until s
--      14 write-back: 1 = before is what was in force; logged only where the store lost it
-- Adds: the time in force.
local kind, id = ARGV[10], ARGV[11]
local before, until_s = tonumber(ARGV[12]), tonumber(ARGV[13])
local write_back = ARGV[14] == '1'
local name = kind == 'tenant' and 'before' or (kind == 'client' and 'c:' or 'k:') .. id
local had = num(redis.call('HGET', KEYS[6], name))
if write_back then
  if before <= had and not is_lost(redis.call('HGET', KEYS[6], 'l:' .. name) or nil, until_s) then
    return reply('OK', nil, { had })
  end
else
  if before == 0 or before > now_s then
    before = now_s
  end
  if kind ~= 'tenant' then
    before = before + 1 -- what was issued in this very second goes as well
  end
end
before = math.max(before, had)
append('kind', kind, 'tenant', tenant, 'id', id, 'before', int(before), 'until', int(until_s))
redis.call('HSET', KEYS[6], name, int(before), 'l:' .. name, log_id)
keep_until(KEYS[6], (math.max(until_s, now_s) + LINGER_S) * 1000)
return reply('OK', nil, { before })

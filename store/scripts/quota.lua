-- quota - places of a tenant's sessions: in all, and of one client. A place is taken before its
-- session is made, in the tenant's own partition, and given back after its end: too many may be
-- counted for a moment, never too few.
-- ARGV 10 quota base 11 take | confirm | release 12 sid 13 client 14 max total 15 max of the client
--      16 absolute s 17 replaces
-- Adds (take): count, then sids of places that were taken long ago and never confirmed: whoever
-- is told looks whether their sessions exist.
local base, op, sid, client = ARGV[10], ARGV[11], ARGV[12], ARGV[13]
local total, unsure, clients = base, base .. ':p', base .. ':m'
local CONFIRM_MS, LOOK, PURGE = 30000, 4, 100

local function of_client(name)
  return base .. ':c:' .. name
end

local function release(place)
  local name = redis.call('HGET', clients, place)
  if name then
    redis.call('ZREM', of_client(name), place)
    redis.call('HDEL', clients, place)
  end
  redis.call('ZREM', total, place)
  redis.call('ZREM', unsure, place)
end

-- Not counted: the place of what is replaced, and this session's own, taken by a repeat.
local function is_full(key, max)
  local others = redis.call('ZCARD', key)
  for _, place in ipairs({ sid, ARGV[17] }) do
    if redis.call('ZSCORE', key, place) then
      others = others - 1
    end
  end
  return max > 0 and others >= max
end

if op == 'confirm' then
  redis.call('ZREM', unsure, sid)
  return reply('OK', nil, { 0 })
elseif op == 'release' then
  release(sid)
  return reply('OK', nil, { 0 })
end

for _, place in ipairs(redis.call('ZRANGE', total, '-inf', int(now), 'BYSCORE', 'LIMIT', 0, PURGE)) do
  release(place)
end
local more = { 0 }
for _, place in ipairs(redis.call('ZRANGE', unsure, '-inf', int(now), 'BYSCORE', 'LIMIT', 0, LOOK)) do
  redis.call('ZADD', unsure, int(now + CONFIRM_MS), place)
  more[#more + 1] = place
end
more[1] = #more - 1
local max_total, max_client = tonumber(ARGV[14]), tonumber(ARGV[15])
if is_full(total, max_total) or is_full(of_client(client), max_client) then
  return reply('LIMIT', nil, more)
end
local ends = now + tonumber(ARGV[16]) * 1000
redis.call('ZADD', total, int(ends), sid)
redis.call('ZADD', unsure, int(now + CONFIRM_MS), sid)
redis.call('HSET', clients, sid, client)
redis.call('ZADD', of_client(client), int(ends), sid)
for _, key in ipairs({ total, unsure, clients, of_client(client) }) do
  keep_until(key, ends)
end
return reply('OK', nil, more)

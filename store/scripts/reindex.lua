-- reindex - the policy's clocks have become shorter: puts a tenant's sessions of this partition to where
-- a sweeper should look at them now; never later than they stand. A piece at a time.
-- ARGV 10 from ms 11 from sid (both empty to begin) 12 how many 13-17 clocks now, touch interval
-- Adds: next ms (-1 = end), next sid.
local FIELDS = { 'status', 'seen', 'created', 'idle', 'absolute', 'remember', 'ended', 'until' }
local limit = tonumber(ARGV[12])

-- Bytes, not the server's collation.
local function below(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

local function place(sid)
  local f = redis.call('HMGET', s_base .. sid, unpack(FIELDS))
  local r = {}
  for i, name in ipairs(FIELDS) do
    r[name] = f[i] or nil
  end
  local at
  if r.status == 'active' then
    local remember = r.remember == '1'
    at = math.min(clocks(r, tonumber(remember and ARGV[15] or ARGV[13]),
      tonumber(remember and ARGV[16] or ARGV[14])))
  elseif r.status == 'ended' then
    at = math.max(num(r.ended) + retain * 1000, (num(r['until']) + LINGER_S) * 1000)
  end
  if at then
    redis.call('ZADD', KEYS[3], 'LT', int(at), tenant .. ':' .. sid)
  end
end

local from = ARGV[10] == '' and '+inf' or ARGV[10]
local next_ms, next_sid, offset, looks, done = -1, '', 0, 0, false
while not done do
  local page = redis.call('ZRANGE', KEYS[4], from, '-inf', 'BYSCORE', 'REV', 'LIMIT', offset, 100,
    'WITHSCORES')
  for i = 1, #page, 2 do
    if looks >= limit then
      done = true
      break
    end
    if ARGV[11] == '' or tonumber(page[i + 1]) ~= tonumber(from) or below(page[i], ARGV[11]) then
      place(page[i])
      looks = looks + 1
      next_ms, next_sid = tonumber(page[i + 1]), page[i]
    end
  end
  if #page < 200 and not done then
    next_ms, next_sid, done = -1, '', true
  end
  offset = offset + 100
end
return reply('OK', nil, { next_ms, next_sid })

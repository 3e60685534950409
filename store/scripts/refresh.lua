-- refresh - rotates a refresh token; gives a predecessor within the grace its own successor;
-- ends the session when an older one comes back.
-- ARGV 10 sid 11 generation 12 hash 13 new hash 14 sealed successor 15 grace ms 16 refresh ttl
--      17 access ttl 18 idle 19 absolute 20 remember idle 21 remember absolute
--      22 touch interval 23 seen ms: the asking worker's own last sight, 0 = none
-- Adds: count, then the record's pairs.
-- A rotated token is a field p:GENERATION = hash 32 | rotated ms, 16 digits | sealed successor,
-- kept for the grace: its holder may ask again, though its successor was used meanwhile.
local sid, generation, hash = ARGV[10], tonumber(ARGV[11]), ARGV[12]
local grace, refresh_ttl, access_ttl = tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local MAX_ROTATED = 32
local key = s_base .. sid

local function answer(status, r, t)
  local more = { 0 }
  more[1] = pairs_of(r, more)
  return reply(status, t, more)
end

local r = load(sid)
if not r then
  return reply('ABSENT', nil, { 0 })
end
if r.v ~= '1' then
  return reply('CORRUPT', nil, { 0 })
end
if r.status ~= 'active' then
  return answer('ENDED', r)
end
if not r.rhash then
  return answer('MISMATCH', r)
end

local remember = r.remember == '1'
local idle = tonumber(remember and ARGV[20] or ARGV[18])
local absolute = tonumber(remember and ARGV[21] or ARGV[19])
r.seen = int(math.max(num(r.seen), math.min(tonumber(ARGV[23]), now)))
local idle_ms, absolute_ms = clocks(r, idle, absolute)
local why = run_out(idle_ms, absolute_ms, tonumber(ARGV[22]) * 1000)
if why then
  end_session(sid, r, why)
  return answer('EXPIRED', r)
end

local current = num(r.gen)
local rotated = r['p:' .. int(generation)]
local again = false
if generation < current then
  again = rotated and string.sub(rotated, 1, 32) == hash
    and now - num(string.sub(rotated, 33, 48)) < grace
end
if generation <= current and not again and (generation < current or hash ~= r.rhash) then
  end_session(sid, r, 'reuse')
  return answer('REUSED', r)
end
if not again and now_s >= math.min(num(r.refresh_end), num(r.issued) + refresh_ttl) then
  -- Only this token's own clock: the session lives on where a session token can use it.
  if r.mode == '1' then
    end_session(sid, r, 'idle')
  end
  return answer('EXPIRED', r)
end

local absolute_at = math.floor(absolute_ms / 1000)
local exp = access_ttl > 0 and math.min(now_s + access_ttl, absolute_at) or 0
local set = {}
local function put(name, value)
  r[name] = value
  set[#set + 1] = name
  set[#set + 1] = value
end
if not again then
  local kept, drop = 0, {}
  for k, v in pairs(r) do
    if is_rotated(k) then
      if now - num(string.sub(v, 33, 48)) >= grace or kept >= MAX_ROTATED then
        drop[#drop + 1] = k
      else
        kept = kept + 1
      end
    end
  end
  for _, k in ipairs(drop) do
    r[k] = nil
    redis.call('HDEL', key, k)
  end
  put('p:' .. int(generation), hash .. string.format('%016.0f', now) .. ARGV[14])
  put('gen', int(generation + 1))
  put('rhash', ARGV[13])
  put('issued', int(now_s))
  put('refresh_end', int(math.min(now_s + refresh_ttl, absolute_at)))
end
put('seen', int(math.max(now, num(r.seen))))
put('count', int(num(r.count) + 1))
put('until', int(math.max(num(r['until']), exp)))
redis.call('HSET', key, unpack(set))
idle_ms, absolute_ms = clocks(r, idle, absolute)
local deadline = math.min(idle_ms, absolute_ms)
redis.call('ZADD', KEYS[3], 'XX', int(deadline), tenant .. ':' .. sid)
if r.uhash then
  tally_user(r.uhash)
end
return answer(again and 'SUCCESSOR' or 'OK', r, { iat = now_s, exp = exp,
  absolute_at = absolute_at, idle_at = math.floor(deadline / 1000),
  refresh_end = num(r.refresh_end), successor = again and string.sub(rotated, 49) or '' })

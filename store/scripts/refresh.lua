-- refresh - rotates a refresh token; gives a predecessor within the grace its own successor;
-- ends the session when an older one comes back.
-- ARGV 10 sid 11 generation 12 hash 13 new hash 14 sealed successor 15 grace ms 16 refresh ttl
--      17 access ttl 18 idle 19 absolute 20 remember idle 21 remember absolute
--      22 touch interval 23 trust levels 24 seen ms: the asking worker's own last sight, 0 = none
-- Adds: count, then the record's pairs.
-- A rotated token is a field p:GENERATION = hash 32 | rotated ms, 16 digits | sealed successor,
-- kept for the grace: its holder may ask again, though its successor was used meanwhile.
local sid, generation, hash = ARGV[10], tonumber(ARGV[11]), ARGV[12]
local grace, refresh_ttl, access_ttl = tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local POLICY, MAX_ROTATED = 18, 32
local key = s_base .. sid

local r = load(sid)
if not r then
  return reply_record('ABSENT')
end
if r.v ~= '1' then
  return reply_record('CORRUPT')
end
if r.status ~= 'active' then
  return reply_record('ENDED', r)
end
if not r.rhash then
  return reply_record('MISMATCH', r)
end

r.seen = int(math.max(num(r.seen), math.min(tonumber(ARGV[24]), now)))
local why = run_out_by(r, POLICY)
if why then
  end_session(sid, r, why)
  return reply_record('EXPIRED', r)
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
  return reply_record('REUSED', r)
end
if not again and now_s >= math.min(num(r.refresh_end), num(r.issued) + refresh_ttl) then
  -- Only this token's own clock: the session lives on where a session token can use it.
  if r.mode == '1' then
    end_session(sid, r, 'idle')
  end
  return reply_record('EXPIRED', r)
end

local _, absolute_ms = clocks_by(r, POLICY)
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
local idle_ms = clocks_by(r, POLICY)
local deadline = math.min(idle_ms, absolute_ms)
redis.call('ZADD', KEYS[3], 'XX', int(deadline), tenant .. ':' .. sid)
if r.uhash then
  tally_user(r.uhash)
end
return reply_record(again and 'SUCCESSOR' or 'OK', r, { iat = now_s, exp = exp,
  absolute_at = absolute_at, idle_at = math.floor(deadline / 1000),
  refresh_end = num(r.refresh_end), successor = again and string.sub(rotated, 49) or '' })

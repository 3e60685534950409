-- regenerate - the same session under a new id with new tokens; the old id ends in the same step. It
-- keeps what it is and when it was created: its absolute end does not move, and a rule by time
-- that concerned the old id concerns the new one.
-- ARGV 10 old sid 11 new sid 12 refresh hash 13 session hash 14 version as it was read
--      15 data, sealed for the new id 16 access ttl 17 refresh ttl
--      18 idle 19 absolute 20 remember idle 21 remember absolute
--      22 touch interval 23 trust levels 24 data key base 25 standing key 26 key to put
-- Adds: count, then the pairs of the new record (OK) or of the old one.
local old_sid, sid, POLICY = ARGV[10], ARGV[11], 18
local access_ttl, refresh_ttl = tonumber(ARGV[16]), tonumber(ARGV[17])

local r = load(old_sid)
if not r then
  return reply_record('ABSENT')
end
if r.status ~= 'active' then
  return reply_record('ENDED', r)
end
if r.v ~= '1' or not r.uhash or redis.call('EXISTS', s_base .. sid) == 1 then
  return reply_record('CORRUPT')
end
local why = run_out_by(r, POLICY)
if why then
  end_session(old_sid, r, why)
  return reply_record('EXPIRED', r)
end
local data_key = ARGV[24] .. r.uhash
if r.version ~= ARGV[14] or (ARGV[15] ~= '' and user_key(data_key) ~= ARGV[25]) then
  return reply_record('MISMATCH', r)
end

-- A child without its parent is one whose end was lost.
if r.parent and redis.call('HGET', s_base .. r.parent, 'status') ~= 'active' then
  end_session(old_sid, r, 'parent')
  return reply_record('EXPIRED', r)
end

-- What belongs to an id, its tokens and children stays behind.
local fresh = {}
for name, value in pairs(r) do
  if not is_own(name) then
    fresh[name] = value
  end
end
end_session(old_sid, r, 'regenerated')
fresh.seen = int(math.max(now, num(fresh.seen)))
local idle_ms, absolute_ms = clocks_by(fresh, POLICY)
local absolute_at = math.floor(absolute_ms / 1000)
local exp = fresh.mode ~= '2' and math.min(now_s + access_ttl, absolute_at) or 0
local refresh_end = fresh.mode ~= '2' and math.min(now_s + refresh_ttl, absolute_at) or 0
fresh.gen, fresh.sgen = '1', '1'
fresh.issued, fresh.refresh_end, fresh['until'] = int(now_s), int(refresh_end), int(exp)
for _, name in ipairs({ 'nhash', 'nseal', 'ohash', 'osince', 'sissued' }) do
  fresh[name] = nil
end
for name, value in pairs({ rhash = ARGV[12], shash = ARGV[13], data = ARGV[15] }) do
  fresh[name] = value ~= '' and value or nil
end
local record = {}
for name, value in pairs(fresh) do
  record[#record + 1] = name
  record[#record + 1] = value
end
if fresh.parent then
  redis.call('HSET', s_base .. fresh.parent, 'c:' .. sid, '')
end
if ARGV[15] ~= '' then
  keep_user_key(data_key, ARGV[26], absolute_ms + retain * 1000 + DAY_MS)
end
enlist(sid, fresh.uhash, num(fresh.created), idle_ms, absolute_ms, record)
return reply_record('OK', fresh, { iat = now_s, exp = exp, absolute_at = absolute_at,
  idle_at = math.floor(math.min(idle_ms, absolute_ms) / 1000), refresh_end = refresh_end })

-- end - ends one session; idempotent. Who knows that there was one, though the record is lost, leaves
-- a tombstone: a write-back, and a caller who shows a token of it.
-- ARGV 10 sid 11 reason 12 1: write-back, 2: by a token, 0: by id alone 13 until s, at least
--      14 absolute end s 15 by a token: until of a tombstone
-- Adds: count, then the record's pairs.
local sid, reason = ARGV[10], ARGV[11]
local write_back, by_token, until_s = ARGV[12] == '1', ARGV[12] == '2', tonumber(ARGV[13])
local absolute_s = tonumber(ARGV[14])

local r = load(sid)
if not r then
  if not write_back and not by_token then
    return reply_record('ABSENT')
  end
  until_s = math.max(until_s, by_token and tonumber(ARGV[15]) or 0)
  r = { v = '1', status = 'ended', mode = '1', remember = '0', gen = '0', sgen = '0',
    version = '0', created = int(now), seen = int(now), ended = int(now), reason = reason,
    auth_time = '0', idle = '0', absolute = int(math.max(0, absolute_s - now_s)), issued = '0',
    refresh_end = '0', ['until'] = int(until_s), count = '0', user = '' }
  log_end(sid, r)
  local flat = {}
  pairs_of(r, flat)
  redis.call('HSET', s_base .. sid, unpack(flat))
  redis.call('PEXPIREAT', s_base .. sid,
    int(math.max(now + retain * 1000, (until_s + LINGER_S) * 1000)))
  ended = 1
  return reply_record('OK', r)
end
local longer = (write_back or by_token) and until_s > num(r['until'])
if longer then
  r['until'] = int(until_s)
end
if r.status == 'active' then
  end_session(sid, r, reason)
  return reply_record('OK', r)
end
if longer or (write_back and is_lost(r.lid, num(r['until']))) then
  -- The copy that the store came back with knew less of the tokens issued, or the log lost it.
  r.reason = r.reason or reason
  log_end(sid, r)
  redis.call('HSET', s_base .. sid, 'until', int(num(r['until'])), 'lid', r.lid)
  keep_until(s_base .. sid, (num(r['until']) + LINGER_S) * 1000)
end
return reply_record('ENDED', r)

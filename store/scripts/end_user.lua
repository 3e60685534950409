-- end_user - ends all active sessions of a user, or of one device, but one.
-- ARGV 10 uhash 11 reason 12 except 13 device id
local active = a_base .. ARGV[10]
-- Newest first: a child that is meant itself ends for this reason, not for its parent's end.
for _, sid in ipairs(redis.call('ZRANGE', active, 0, -1, 'REV')) do
  local r = load(sid)
  if not r or r.status ~= 'active' then
    redis.call('ZREM', active, sid)
  elseif sid ~= ARGV[12] and (ARGV[13] == '' or r.dev == ARGV[13]) then
    end_session(sid, r, ARGV[11])
  end
end
return reply('OK')

-- end_user - ends all active sessions of a user, or of one device, but one.
-- ARGV 10 uhash 11 reason 12 except 13 device id
end_each(a_base .. ARGV[10], ARGV[11], function(sid, r)
  return sid ~= ARGV[12] and (ARGV[13] == '' or r.dev == ARGV[13])
end)
return reply('OK')

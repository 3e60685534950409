-- data_read - a session with its data, and the data key of its user.
-- ARGV 10 sid 11 data key base
-- Adds: the data key ('' = none), count, then the record's pairs.
local r = load(ARGV[10])
if not r then
  return reply('ABSENT', nil, { '', 0 })
end
local more = { r.uhash and user_key(ARGV[11] .. r.uhash) or '', 0 }
more[2] = pairs_of(r, more)
return reply(r.status == 'active' and 'OK' or 'ENDED', nil, more)

-- event_put - one audit record of the tenant into its stream, for GET /audit and GET /events. The
-- auditor's file is the trail; this is the copy that all nodes see.
-- ARGV 10 stream 11 most entries 12 time of the record ms 13 event 14 user 15 session 16 record
-- Retain (9) is how long an entry is kept; as long after the last one the stream goes as a whole.
local stream = ARGV[10]
redis.call('XADD', stream, 'MAXLEN', '~', ARGV[11], '*', 't', ARGV[12], 'e', ARGV[13], 'u', ARGV[14], 's', ARGV[15],
  'r', ARGV[16])
redis.call('XTRIM', stream, 'MINID', '~', int(math.max(now - retain * 1000, 0)))
redis.call('PEXPIREAT', stream, int(now + retain * 1000))
return reply('OK')

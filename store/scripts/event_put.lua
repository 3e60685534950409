#!lua
-- event_put - an audit record into its tenant's stream, for GET /audit and GET /events. The
-- auditor's file is the trail; this is the copy that all nodes see. The most frequent script of all, so
-- it stands alone, without common: what is made and not used costs too.
-- KEYS 1 stream ARGV 1 deadline ms 2 how long an entry is kept, ms 3 most entries
--      4 time of the record ms 5 event 6 user 7 session 8 record
-- As long after the last one, and five minutes, the stream goes as a whole; so often what is too old goes.
local STEP_MS = 300000
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
if now > tonumber(ARGV[1]) then
  return { 'LATE' }
end
local stream, keep_ms = KEYS[1], tonumber(ARGV[2])
redis.call('XADD', stream, 'MAXLEN', '~', ARGV[3], '*', 't', ARGV[4], 'e', ARGV[5], 'u', ARGV[6], 's', ARGV[7],
  'r', ARGV[8])
local dies = math.ceil((now + keep_ms) / STEP_MS) * STEP_MS
if redis.call('PEXPIRETIME', stream) ~= dies then
  redis.call('XTRIM', stream, 'MINID', '~', string.format('%.0f', math.max(now - keep_ms, 0)))
  redis.call('PEXPIREAT', stream, string.format('%.0f', dies))
end
return { 'OK' }

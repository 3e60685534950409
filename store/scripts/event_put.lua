#!lua
-- event_put - audit records of one tenant into its stream, for GET /audit and GET /events. The
-- auditor's file is the trail; this is the copy that all nodes see. The most frequent script of all, so
-- it stands alone, without common: what is made and not used costs too.
-- KEYS 1 stream ARGV 1 deadline ms 2 how long an entry is kept, ms 3 most entries; then of each record:
--      time of the record ms, event, user, session, record
-- As long after the last one, and five minutes, the stream goes as a whole; so often what is too old goes.
local STEP_MS = 300000
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
if now > tonumber(ARGV[1]) then
  return { 'LATE' }
end
local stream, keep_ms = KEYS[1], tonumber(ARGV[2])
for i = 4, #ARGV, 5 do
  redis.call('XADD', stream, 'MAXLEN', '~', ARGV[3], '*', 't', ARGV[i], 'e', ARGV[i + 1], 'u', ARGV[i + 2],
    's', ARGV[i + 3], 'r', ARGV[i + 4])
end
local dies = math.ceil((now + keep_ms) / STEP_MS) * STEP_MS
if redis.call('PEXPIRETIME', stream) ~= dies then
  redis.call('XTRIM', stream, 'MINID', '~', string.format('%.0f', math.max(now - keep_ms, 0)))
  redis.call('PEXPIREAT', stream, string.format('%.0f', dies))
end
return { 'OK' }

-- idem - one key of a caller, one creation: claimed before it, completed with its sealed answer after
-- it, in a partition that the key alone decides.
-- ARGV 10 key 11 claim | keep | drop 12 nonce of the claim 13 print of the body 14 sid to be made
--      15 claim ms 16 replay ms 17 memory ms 18 sealed answer
-- Adds: sid, sealed answer. claim: OK: the claim is yours; a sid is that of a claimant who never came
-- back. LOCKED: another's, not over yet. MISMATCH: of another body. SUCCESSOR: the answer of this
-- sid. ENDED: of this sid, replayed no more. keep, drop: OK, or LOCKED when the claim was lost.
local key, op, nonce = ARGV[10], ARGV[11], ARGV[12]
local replay_ms, memory_ms = tonumber(ARGV[16]), tonumber(ARGV[17])
local f = redis.call('HMGET', key, 'nonce', 'print', 'sid', 'until', 'answer')
local sid = f[3] or ''

local function answer(status, of, text)
  return reply(status, nil, { of or '', text or '' })
end

if op == 'claim' then
  if f[1] and f[2] ~= ARGV[13] then
    return answer('MISMATCH')
  end
  if f[5] and now < num(f[4]) then
    return answer('SUCCESSOR', sid, f[5])
  end
  if f[5] then
    return answer('ENDED', sid)
  end
  if f[1] and now < num(f[4]) then
    return answer('LOCKED')
  end
  redis.call('HSET', key, 'nonce', nonce, 'print', ARGV[13], 'sid', ARGV[14],
    'until', int(now + tonumber(ARGV[15])))
  redis.call('PEXPIREAT', key, int(now + memory_ms))
  return answer('OK', sid)
end
if f[1] ~= nonce then
  return answer('LOCKED')
end
if op == 'keep' then
  redis.call('HSET', key, 'answer', ARGV[18], 'until', int(now + replay_ms))
  redis.call('PEXPIREAT', key, int(now + memory_ms))
else
  redis.call('PEXPIREAT', key, 1)
end
return answer('OK', sid)

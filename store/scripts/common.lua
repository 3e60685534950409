#!lua
-- common - what every script of sessiond begins with: the store's clock, the deadline, the log.
-- KEYS  1 log  2 log:id  3 deadline index  4 tenant index  5 tally  (6 ... the script's own)
-- ARGV  1 deadline ms  2 tenant  3 session base  4 user base  5 active base  6 wake channel
--       7 partition  8 candidate for log:id  9 retain s  (10 ... the script's own)
-- Reply, flat: status, now ms, log id, ended, iat, exp, absolute at, idle at, refresh end,
-- successor (or, one behind the other, the sids of children that ended with their parents; then, behind a
-- '/', those of which a script was told to end as many as there are), then what the script adds.
local clock = redis.call('TIME')
local now_s = tonumber(clock[1])
local now = now_s * 1000 + math.floor(tonumber(clock[2]) / 1000)
local tenant, s_base, u_base, a_base = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local retain = tonumber(ARGV[9])
-- How long an entry stays after its `until`, and how long its successor must have stood.
local LINGER_S = 600
local DAY_MS = 86400000
-- A record that nobody may read any more is removed by the sweeper, from the indexes too; if none
-- comes, it goes by itself so much later.
local SPARE_MS = 3600 * 1000
local LINE = string.char(10)

local log_id, appended, ended = '', 0, 0
local done, children = {}, {} -- sids that this script ended; those of them that followed a parent
local meant = {} -- those of end_each()

local function int(n)
  return string.format('%.0f', n)
end

local function num(text)
  return tonumber(text) or 0
end

-- Makes key live at least until ms. Returns until when it lived before (below 0: for ever, or not yet).
local function keep_until(key, ms)
  local before = redis.call('PEXPIRETIME', key)
  if before < ms then
    redis.call('PEXPIREAT', key, int(ms))
  end
  return before
end

-- The same by whole hours: of most sessions that are made none is the first to need this one, and to
-- ask costs less than to write, here, in the server's file and on its replicas.
local HOUR_MS = 3600 * 1000
local function outlive(key, ms)
  return keep_until(key, math.ceil(ms / HOUR_MS) * HOUR_MS)
end

local function append(...)
  redis.call('SETNX', KEYS[2], ARGV[8])
  log_id = redis.call('XADD', KEYS[1], '*', ...)
  appended = appended + 1
end

local function field(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then
      return flat[i + 1]
    end
  end
end

-- Should an entry of ours that is still of use stand in the log, and does it not? (A write-back
-- finds the record of an older copy right, or the log alone lost.)
local function is_lost(id, until_s)
  return until_s + LINGER_S > now_s
    and (not id or #redis.call('XRANGE', KEYS[1], id, id) == 0)
end

-- Drops entries from the old end whose `until` has passed. An entry stays until its successor
-- has stood for LINGER_S: a reader that holds its position finds it there.
local function trim()
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 9 + appended)
  local keep
  for i = 1, #first - 1 do
    local next_ms = tonumber(string.match(first[i + 1][1], '^%d+'))
    if num(field(first[i][2], 'until')) + LINGER_S > now_s or next_ms + LINGER_S * 1000 > now then
      break
    end
    keep = first[i + 1][1]
  end
  if keep then
    redis.call('XTRIM', KEYS[1], 'MINID', '=', keep)
  end
end

local function reply(status, t, more)
  if appended > 0 then
    trim()
    redis.call('PUBLISH', ARGV[6], ARGV[7])
  end
  t = t or {}
  local beside = table.concat(children)
  if #meant > 0 then
    beside = beside .. '/' .. table.concat(meant)
  end
  local r = { status, now, log_id, ended, t.iat or 0, t.exp or 0, t.absolute_at or 0,
    t.idle_at or 0, t.refresh_end or 0, t.successor or beside }
  for _, v in ipairs(more or {}) do
    r[#r + 1] = v
  end
  return r
end

-- The record of a session as a table, or nil.
local function load(sid)
  local flat = redis.call('HGETALL', s_base .. sid)
  if #flat == 0 then
    return nil
  end
  local r = {}
  for i = 1, #flat, 2 do
    r[flat[i]] = flat[i + 1]
  end
  return r
end

-- Some fields of it, as load() gives all.
local function load_some(sid, names)
  local f = redis.call('HMGET', s_base .. sid, unpack(names))
  local r = {}
  for i, name in ipairs(names) do
    r[name] = f[i] or nil
  end
  return r
end

local function is_rotated(name)
  return string.sub(name, 1, 2) == 'p:'
end

-- Fields that scripts alone read: p:GENERATION a rotated token, c:SID a child, x:NUMBER a code.
local function is_own(name)
  return string.sub(name, 2, 2) == ':'
end

-- Appends the record's pairs to out, but what concerns refresh tokens (and data, when skipped).
-- Returns how many pairs and bytes.
local function pairs_of(r, out, skip_data)
  local n, bytes = 0, 0
  for k, v in pairs(r) do
    if not is_own(k) and k ~= 'rhash' and not (skip_data and k == 'data') then
      out[#out + 1] = k
      out[#out + 1] = v
      n = n + 1
      bytes = bytes + #k + #v
    end
  end
  return n, bytes
end

local LINE = string.char(10)

-- The trust level that a session is of: by its device, 'none' where none is known.
local function level_of(trust)
  return trust ~= '' and trust or 'none'
end

-- What the policy says of a level, where it does; levels: a line each, LEVEL idle absolute max acr
-- (0 = as all, no limit), behind a line's end. Its clocks (or nil), its limit, the acr that it demands.
local function find_level(levels, trust)
  local _, at = string.find(levels, LINE .. level_of(trust) .. ' ', 1, true)
  if at then
    local idle, absolute, max, acr = string.match(levels, '^(%d+) (%d+) (%d+) ([^' .. LINE .. ']*)', at + 1)
    local function some(text)
      return text ~= '0' and tonumber(text) or nil
    end
    return some(idle), some(absolute), tonumber(max), acr
  end
end

-- The shorter of a duration and another, where there is one.
local function shorter(duration, other)
  return other and other < duration and other or duration
end

-- When idle and absolute clock run out (ms): the shortest of creation's durations, today's, and
-- those of the level that the device is trusted by now.
local function clocks(r, idle, absolute, levels)
  local i, a = shorter(num(r.idle), idle), shorter(num(r.absolute), absolute)
  if levels and levels ~= '' then
    local level_idle, level_absolute = find_level(levels, r.dev_trust or '')
    i, a = shorter(i, level_idle), shorter(a, level_absolute)
  end
  return num(r.seen) + i * 1000, num(r.created) + a * 1000
end

-- Which clock has run out: 'absolute', 'idle' or nil. slack_ms: the touch interval; so much later
-- than the record knows a worker may have seen the session and not have said so yet.
local function run_out(idle_ms, absolute_ms, slack_ms)
  if now_s >= math.floor(absolute_ms / 1000) then
    return 'absolute'
  end
  if now >= idle_ms + slack_ms then
    return 'idle'
  end
end

-- The policy as a script is told of it stands in six arguments from ARGV[at]: idle, absolute,
-- remember idle, remember absolute (s), touch interval (s), trust levels.
local function clocks_by(r, at)
  local more = r.remember == '1' and 2 or 0
  return clocks(r, tonumber(ARGV[at + more]), tonumber(ARGV[at + more + 1]), ARGV[at + 5])
end

local function run_out_by(r, at)
  local idle_ms, absolute_ms = clocks_by(r, at)
  return run_out(idle_ms, absolute_ms, tonumber(ARGV[at + 4]) * 1000)
end

-- Rules by time as a script is told of them: lines of client (nothing: all), a blank, before (s).
local function rules_of(text)
  local before = {}
  for client, s in string.gmatch(text, '(%S*) (%d+)' .. LINE) do
    before[client] = tonumber(s)
  end
  return before
end

-- Whose rule has ended the session: 'tenant', 'client' or nil.
local function ruled_out(r, before)
  local made_s = math.floor(num(r.created) / 1000)
  if made_s < (before[''] or 0) then
    return 'tenant'
  end
  if r.client and made_s < (before[r.client] or 0) then
    return 'client'
  end
end

-- May what belongs to the session change?
local function can_change(r, at)
  return r.status == 'active' and r.uhash ~= nil and not run_out_by(r, at)
end

-- The answer of what concerns one session: count, then its pairs; r may be nil.
local function reply_record(status, r, t)
  local more = { 0 }
  if r then
    more[1] = pairs_of(r, more)
  end
  return reply(status, t, more)
end

-- Bytes, not the server's collation.
local function below(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

-- The members of an index, newest first, behind the one that was seen last (from ms, from sid; both
-- empty to begin). see(sid, ms) is false when it takes no more. Returns where to go on: the last
-- one seen, or -1 at the end.
local function walk(index, from, from_sid, see)
  from = from == '' and '+inf' or from
  local next_ms, next_sid, offset = -1, '', 0
  while true do
    local page = redis.call('ZRANGE', index, from, '-inf', 'BYSCORE', 'REV', 'LIMIT', offset, 100,
      'WITHSCORES')
    for i = 1, #page, 2 do
      local sid, ms = page[i], tonumber(page[i + 1])
      if from_sid == '' or ms ~= tonumber(from) or below(sid, from_sid) then
        if not see(sid, ms) then
          return next_ms, next_sid
        end
        next_ms, next_sid = ms, sid
      end
    end
    if #page < 200 then
      return -1, ''
    end
    offset = offset + 100
  end
end

-- Does another hold the lock than who presents the token with this hash?
local function is_locked(r, hash)
  return num(r.lock) > now and r.lhash ~= hash
end

-- Is data (or nil) what was read as this version, beginning with head?
local function is_same(version, data, then_version, head)
  data = data or ''
  return version == then_version and string.sub(data, 1, #head) == head
    and (#head > 0 or #data == 0)
end

-- What happens is counted in the same step. KEYS 5: the sessions that are active now; with the hour behind
-- it, what began and what ended then; with :w the networks, with :u the users who were seen.
local TALLY_S, SEEN_S = 32 * 86400, 26 * 3600
local MAX_NAMES = 500 -- of one hour; what comes later is counted under its rest

local function of_hour(tail)
  return KEYS[5] .. ':' .. int(math.floor(now_s / 3600)) .. tail
end

local function leave_after(key, keep_s)
  redis.call('PEXPIREAT', key, int((math.floor(now_s / 3600) * 3600 + 3600 + keep_s) * 1000))
end

local function tally(key, name, rest)
  if redis.call('HINCRBY', key, name, 1) > 1 then
    return
  end
  if rest and redis.call('HLEN', key) > MAX_NAMES then
    redis.call('HDEL', key, name)
    redis.call('HINCRBY', key, rest, 1)
  end
  leave_after(key, TALLY_S)
end

local function tally_user(uhash)
  local key = of_hour(':u')
  if redis.call('PFADD', key, uhash) == 1 and redis.call('PEXPIRETIME', key) < 0 then
    leave_after(key, SEEN_S)
  end
end

-- How long a session lived: the bound below which it stayed (s), or 'more'.
local LIVES = { 60, 300, 900, 3600, 14400, 43200, 86400, 604800 }
local function tally_end(r, reason)
  local lived, bound = (now - num(r.created)) / 1000, 'more'
  for i = #LIVES, 1, -1 do
    if lived < LIVES[i] then
      bound = int(LIVES[i])
    end
  end
  tally(of_hour(''), 'e:' .. reason .. ':' .. bound)
  if redis.call('HINCRBY', KEYS[5], 'active', -1) < 0 then -- its creation was not counted, or lost
    redis.call('HSET', KEYS[5], 'active', '0')
    leave_after(KEYS[5], TALLY_S)
  end
end

local function log_end(sid, r)
  local _, absolute_ms = clocks(r)
  append('kind', 'end', 'tenant', tenant, 'user', r.user or '', 'sid', sid,
    'until', int(num(r['until'])), 'reason', r.reason,
    'absolute', int(math.max(num(r['until']), math.floor(absolute_ms / 1000))))
  r.lid = log_id
end

-- Ends an active session: record, indexes, log; then the sessions that were shared from it. Nothing
-- to do when this script has ended it before.
local function end_session(sid, r, reason)
  if done[sid] then
    return
  end
  done[sid] = true
  local key = s_base .. sid
  local drop, shared = { 'rhash' }, {}
  for k in pairs(r) do
    if is_own(k) then
      drop[#drop + 1] = k
    end
    if string.sub(k, 1, 2) == 'c:' then
      shared[#shared + 1] = string.sub(k, 3)
    end
  end
  r.status, r.reason, r.ended = 'ended', reason, int(now)
  log_end(sid, r)
  redis.call('HDEL', key, unpack(drop))
  redis.call('HSET', key, 'status', 'ended', 'reason', reason, 'ended', r.ended,
    'until', int(num(r['until'])), 'lid', r.lid)
  local gone = math.max(now + retain * 1000, (num(r['until']) + LINGER_S) * 1000)
  redis.call('PEXPIREAT', key, int(gone + SPARE_MS))
  redis.call('ZADD', KEYS[3], int(gone), tenant .. ':' .. sid)
  if r.uhash then
    redis.call('ZREM', a_base .. r.uhash, sid)
    keep_until(u_base .. r.uhash, gone + SPARE_MS)
  end
  keep_until(KEYS[3], gone + SPARE_MS)
  keep_until(KEYS[4], gone + SPARE_MS)
  tally_end(r, reason)
  ended = ended + 1
  for _, child in ipairs(shared) do
    local c = load(child)
    if c and c.status == 'active' and c.parent == sid then
      children[#children + 1] = child
      end_session(child, c, 'parent')
    end
  end
end

-- Ends what stands in a user's index of active ones, fits, and has not ended. Newest first: a child that is
-- meant itself ends for this reason, not for its parent's end.
local function end_each(active, reason, fits)
  for _, sid in ipairs(redis.call('ZRANGE', active, 0, -1, 'REV')) do
    local r = load(sid)
    if not r or r.status == 'ended' then
      redis.call('ZREM', active, sid)
    elseif not fits or fits(sid, r) then
      meant[#meant + 1] = sid
      end_session(sid, r, reason)
    end
  end
end

-- The user's data key as it stands, wrapped; or ''.
local function user_key(name)
  return redis.call('HGET', name, 'key') or ''
end

-- Puts a key (unless '') into the place of the one that stands; it stays at least until ms.
local function keep_user_key(name, put, ms)
  local dies = redis.call('PEXPIRETIME', name)
  if put ~= '' then
    redis.call('HSET', name, 'key', put)
  end
  if dies ~= -1 and dies < ms then
    redis.call('PEXPIREAT', name, int(ms))
  end
end

-- A user's devices: a field each, id -> lines: 1, name, type, trust, made ms, changed ms, seen ms.

-- What one is as a table of its lines, or nil.
local function load_device(devices, id)
  local text, f = redis.call('HGET', devices, id), {}
  if not text then
    return nil
  end
  for line in string.gmatch(text .. LINE, '([^' .. LINE .. ']*)' .. LINE) do
    f[#f + 1] = line
  end
  return f
end

local function save_device(devices, id, f)
  for i = 1, #f do
    f[i] = string.gsub(f[i], '%c', ' ')
  end
  redis.call('HSET', devices, id, table.concat(f, LINE))
end

-- Has the user as many devices as may be?
local function is_full(devices)
  return #redis.call('HGETALL', devices) >= 2 * 100
end

-- An index forgets its oldest members whose records are gone; bounded work.
local function heal(index)
  for _, sid in ipairs(redis.call('ZRANGE', index, 0, 1)) do
    if redis.call('EXISTS', s_base .. sid) == 0 then
      redis.call('ZREM', index, sid)
    end
  end
end

-- A new active session: its record (flat pairs), and its place in the indexes. idle_ms, absolute_ms:
-- when its clocks run out.
local function enlist(sid, uhash, created, idle_ms, absolute_ms, record)
  local active, users = a_base .. uhash, u_base .. uhash
  local stays = absolute_ms + retain * 1000 + SPARE_MS
  redis.call('HSET', s_base .. sid, unpack(record))
  redis.call('PEXPIREAT', s_base .. sid, int(stays))
  redis.call('ZADD', active, int(created), sid)
  redis.call('ZADD', users, int(created), sid)
  redis.call('ZADD', KEYS[4], int(created), sid)
  redis.call('ZADD', KEYS[3], int(math.min(idle_ms, absolute_ms)), tenant .. ':' .. sid)
  redis.call('HINCRBY', KEYS[5], 'active', 1)
  tally_user(uhash)
  for _, index in ipairs({ active, KEYS[3], KEYS[4], KEYS[5] }) do
    outlive(index, stays)
  end
  if outlive(users, stays) > 0 then -- else it holds nothing but this one
    heal(users)
  end
  heal(KEYS[4])
end

if now > tonumber(ARGV[1]) then
  return reply('LATE')
end

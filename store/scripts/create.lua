-- create - a new session, within the user's limits; evicts, replaces, ends what had run out.
-- ARGV 10 sid 11 uhash 12 user 13 client 14 scope 15 acr 16 audience 17 amr 18 claims 19 ip
--      20 user agent 21 device id 22 name 23 type 24 fingerprint 25 trust 26 data 27 mode
--      28 remember 29 auth time 30 idle 31 absolute 32 access ttl 33 refresh ttl
--      34 max per user 35 on limit 36 refresh hash 37 session hash 38 replaces
--      39 max per device type 40 touch interval 41 data key base 42 standing key 43 key to put
--      44 parent 45 number of the code 46 hash of the code (a session that is shared)
--      47 device base 48 binding 49 country, for the counts alone 50 trust levels
--      51 the network that it begins from: a keyed hash of 16 bytes under each of the tenant's keys, the
--      newest first; empty: not kept 52 network 53 browser, for the counts alone
-- Adds: count, then the sids that were evicted; then sid and reason of what else ended; then
-- what its user was not known from before: 'device', 'place', 'device place'.
-- KEY: the data key that stands, alone. RESTRICTED: nothing.
local sid, uhash = ARGV[10], ARGV[11]
local dev, dev_type, remember = ARGV[21], ARGV[23], ARGV[28]
local idle, absolute = tonumber(ARGV[30]), tonumber(ARGV[31])
local access_ttl, refresh_ttl = tonumber(ARGV[32]), tonumber(ARGV[33])
local on_limit = tonumber(ARGV[35])
local REJECT, LEAST_RECENT, SAME_DEVICE = 0, 2, 3
local key, users, active = s_base .. sid, u_base .. uhash, a_base .. uhash
local devices, levels = ARGV[47] .. uhash, ARGV[50]

if redis.call('EXISTS', key) == 1 then
  return reply('CORRUPT')
end

local data_key = ARGV[41] .. uhash
if redis.call('HGET', data_key, 'restricted') then
  return reply('RESTRICTED')
end

-- The data must be sealed under the key that stands: of two that make one the first wins.
if ARGV[26] ~= '' and user_key(data_key) ~= ARGV[42] then
  return reply('KEY', nil, { user_key(data_key) })
end

-- What stands against the limits, oldest first; what must end before.
local live, over, gone = {}, {}, {}
for _, member in ipairs(redis.call('ZRANGE', active, 0, -1)) do
  local r = load(member)
  if not r or r.status ~= 'active' then
    gone[#gone + 1] = member
  elseif member ~= ARGV[38] then
    local same = r.remember == remember
    local idle_ms, absolute_ms = clocks(r, same and idle or nil, same and absolute or nil,
      levels)
    local why = run_out(idle_ms, absolute_ms, tonumber(ARGV[40]) * 1000)
    if why then
      over[#over + 1] = { sid = member, r = r, why = why }
    else
      live[#live + 1] = { sid = member, r = r, seen = num(r.seen), place = #live }
    end
  end
end

-- How the device is trusted: who logs in says it only of one that is not registered.
local device = dev ~= '' and load_device(devices, dev) or nil
local trust = device and device[4] or ARGV[25]
local level_idle, level_absolute, level_max = find_level(levels, trust)
idle, absolute = shorter(idle, level_idle), shorter(absolute, level_absolute)

-- A session that is shared: the code must stand in its parent, and neither parent nor its own
-- parents may have ended, or may be evicted, for it.
local parent, kin, code = ARGV[44], {}, nil
if parent ~= '' then
  local stands, up = {}, parent
  for _, x in ipairs(live) do
    stands[x.sid] = x.r
  end
  while up do
    if not stands[up] then
      return reply('ABSENT', nil, { 0 })
    end
    kin[up] = true
    up = stands[up].parent
  end
  code = stands[parent]['x:' .. ARGV[45]]
  if not code or string.sub(code, 1, 32) ~= ARGV[46] or string.sub(code, 50) ~= ARGV[13] then
    return reply('ABSENT', nil, { 0 })
  end
  if string.sub(code, 49, 49) == '1' then
    return reply('REUSED', nil, { 0 })
  end
  local _, parent_ms = clocks(stands[parent], idle, absolute, levels)
  absolute = math.min(absolute, math.floor((parent_ms - now) / 1000) - 1)
  if now >= num(string.sub(code, 33, 48)) or absolute < 1 then
    return reply('ABSENT', nil, { 0 })
  end
end

-- Where it came from is one name: the network, and behind it the country; either may be missing.
local function tally_create(browser, kind, network, country)
  tally(of_hour(''), 'c:' .. browser .. ':' .. kind, 'c:other:other')
  local behind = country == '' and '' or ' ' .. country
  if network .. behind ~= '' then
    tally(of_hour(':w'), network .. behind, (network == '' and '' or 'other') .. behind)
  end
end

local evict, evicted = {}, {}

-- The one to go among those that stand and that fits(x): by the policy's order.
local function choose(fits)
  local best
  for _, x in ipairs(live) do
    if not evicted[x.sid] and not kin[x.sid] and fits(x) then
      if not best then
        best = x
      elseif on_limit == LEAST_RECENT and x.seen < best.seen then
        best = x
      elseif on_limit == SAME_DEVICE and dev ~= '' and x.r.dev == dev and best.r.dev ~= dev then
        best = x
      end
    end
  end
  return best
end

-- Makes room for one more among those that fits(x). False: the policy refuses.
local function make_room(max, fits)
  local count = 0
  for _, x in ipairs(live) do
    if not evicted[x.sid] and fits(x) then
      count = count + 1
    end
  end
  while max > 0 and count >= max do
    if on_limit == REJECT then
      return false
    end
    local x = choose(fits)
    if not x then
      return false
    end
    evicted[x.sid] = true
    evict[#evict + 1] = x
    count = count - 1
  end
  return true
end

local fits_type = function(x) return dev_type ~= '' and x.r.dev_type == dev_type end
local fits_level = function(x) return level_of(x.r.dev_trust or '') == level_of(trust) end
local fits_any = function() return true end
if not make_room(tonumber(ARGV[39]), fits_type) or not make_room(level_max or 0, fits_level)
  or not make_room(tonumber(ARGV[34]), fits_any) then
  return reply('LIMIT', nil, { 0 })
end

for _, member in ipairs(gone) do
  redis.call('ZREM', active, member)
end
local also = {}
local function end_also(member, r, why)
  end_session(member, r, why)
  also[#also + 1] = member
  also[#also + 1] = why
end
if ARGV[38] ~= '' then
  local old = load(ARGV[38])
  if old and old.status == 'active' then
    end_also(ARGV[38], old, 'replaced')
  end
end
for _, x in ipairs(over) do
  end_also(x.sid, x.r, x.why)
end
local more = { #evict }
for _, x in ipairs(evict) do
  if done[x.sid] then -- it followed its parent
    more[1] = more[1] - 1
  else
    end_session(x.sid, x.r, 'limit')
    more[#more + 1] = x.sid
  end
end
for _, x in ipairs(also) do
  more[#more + 1] = x
end

local absolute_ms = now + absolute * 1000
local absolute_at = math.floor(absolute_ms / 1000)
local exp = access_ttl > 0 and math.min(now_s + access_ttl, absolute_at) or 0
local refresh_end = refresh_ttl > 0 and math.min(now_s + refresh_ttl, absolute_at) or 0
local idle_ms = math.min(now + idle * 1000, absolute_ms)

-- A user's sessions have an order even when two are made in one millisecond.
local newest = redis.call('ZRANGE', users, 0, 0, 'REV', 'WITHSCORES')
local created = math.max(now, num(newest[2]) + 1)

local record = { 'v', '1', 'status', 'active', 'mode', ARGV[27], 'remember', remember,
  'gen', '1', 'sgen', '1', 'version', '1', 'created', int(created), 'seen', int(now),
  'auth_time', ARGV[29], 'idle', int(idle), 'absolute', int(absolute), 'issued', int(now_s),
  'refresh_end', int(refresh_end), 'until', int(exp), 'count', '0', 'uhash', uhash,
  'user', ARGV[12] }
local names = { [13] = 'client', [14] = 'scope', [15] = 'acr', [16] = 'aud', [17] = 'amr',
  [18] = 'claims', [19] = 'ip', [20] = 'ua', [21] = 'dev', [22] = 'dev_name', [23] = 'dev_type',
  [24] = 'dev_fp', [26] = 'data', [36] = 'rhash', [37] = 'shash',
  [48] = 'bind' }
for at, name in pairs(names) do
  if ARGV[at] ~= '' then
    record[#record + 1] = name
    record[#record + 1] = ARGV[at]
  end
end
if trust ~= '' then
  record[#record + 1] = 'dev_trust'
  record[#record + 1] = trust
end
if parent ~= '' then
  record[#record + 1] = 'parent'
  record[#record + 1] = parent
  redis.call('HSET', s_base .. parent, 'c:' .. sid, '',
    'x:' .. ARGV[45], string.sub(code, 1, 48) .. '1' .. string.sub(code, 50))
end
enlist(sid, uhash, created, idle_ms, absolute_ms, record)
tally_create(ARGV[53], dev_type, ARGV[52], ARGV[49])
if ARGV[26] ~= '' then
  keep_user_key(data_key, ARGV[43], absolute_ms + retain * 1000 + DAY_MS)
end
-- The networks that the user began sessions from, each by when it last was: the newest 32, for as long
-- as ended sessions are kept. True: this one is none of them.
local MAX_PLACES = 32
local function note_place(index, hashes)
  local kept, drop, known = {}, {}, false
  local places = redis.call('ZRANGE', index, 0, -1, 'WITHSCORES')
  for i = 1, #places, 2 do
    local over, is = tonumber(places[i + 1]) + retain * 1000 < now, false
    for at = 1, #hashes, 16 do
      is = is or places[i] == string.sub(hashes, at, at + 15)
    end
    known = known or (is and not over)
    local list = (is or over) and drop or kept
    list[#list + 1] = places[i]
  end
  for i = 1, #kept - MAX_PLACES + 1 do
    drop[#drop + 1] = kept[i]
  end
  if #drop > 0 then
    redis.call('ZREM', index, unpack(drop))
  end
  redis.call('ZADD', index, int(now), string.sub(hashes, 1, 16))
  redis.call('PEXPIREAT', index, int(now + retain * 1000 + DAY_MS))
  return not known
end

local fresh = {}
-- The device becomes known, or was seen again; its trust is what its registration says.
if dev ~= '' then
  local f, new = device, not device
  if new then
    f = { '1', '', '', trust, int(now), int(now), '0' }
    fresh[#fresh + 1] = 'device'
  end
  if not new or not is_full(devices) then
    f[2] = ARGV[22] ~= '' and ARGV[22] or f[2]
    f[3] = dev_type ~= '' and dev_type or f[3]
    f[7] = int(now)
    save_device(devices, dev, f)
    keep_until(devices, absolute_ms + retain * 1000 + DAY_MS)
  end
end
if ARGV[51] ~= '' and note_place(devices .. ':p', ARGV[51]) then
  fresh[#fresh + 1] = 'place'
end
if #fresh > 0 then
  more[#more + 1] = table.concat(fresh, ' ')
end
return reply('OK', { iat = now_s, exp = exp, absolute_at = absolute_at,
  idle_at = math.floor(idle_ms / 1000), refresh_end = refresh_end }, more)

-- tally - what was counted in this partition in some hours: in sum, or hour by hour. A piece at a time: it
-- stops after so many names and says at which hour to go on.
-- ARGV 10 what: summary, sessions, durations, devices, networks, countries 11 from hour 12 to hour, inclusive
--      13 names at once 14 1: the first piece
-- Adds: next hour (-1 = end), then hour (0: of the sum), name, count, as often as there are.
local what, last = ARGV[10], tonumber(ARGV[12])
local left = tonumber(ARGV[13])
local this = math.floor(now_s / 3600)
local at, out, sum = tonumber(ARGV[11]), { -1 }, {}

local function add(into, name, n)
  into[name] = (into[name] or 0) + n
end

-- The names under which an answer counts a field.
local function take(into, name, n)
  local kind, one, two = string.match(name, '^(%l):([^:]*):(.*)$')
  if what == 'networks' then
    local network = string.match(name, '^[^ ]*')
    if network ~= '' then
      add(into, network, n)
    end
  elseif what == 'countries' then
    local country = string.match(name, ' (%u%u)$')
    if country then
      add(into, country, n)
    end
  elseif kind == 'e' and what == 'durations' then
    add(into, two, n)
  elseif kind == 'c' and what == 'devices' then
    add(into, 'b:' .. one, n)
    add(into, 't:' .. two, n)
  elseif what == 'summary' or what == 'sessions' then
    add(into, kind == 'e' and 'e:' .. one or kind == 's' and name or 'created', n)
  end
end

local function put(hour, counts)
  for name, n in pairs(counts) do
    out[#out + 1] = hour
    out[#out + 1] = name
    out[#out + 1] = n
  end
end

local function users_of(from, to)
  local keys = {}
  for hour = from, to do
    keys[#keys + 1] = KEYS[5] .. ':' .. int(hour) .. ':u'
  end
  return redis.call('PFCOUNT', unpack(keys))
end

if what == 'summary' and ARGV[14] == '1' then
  if redis.call('EXISTS', KEYS[4]) == 1 then
    add(sum, 'active', math.max(0, num(redis.call('HGET', KEYS[5], 'active'))))
  end
  add(sum, 'users', users_of(this - 23, this))
end
while at <= last and left > 0 do
  local key = KEYS[5] .. ':' .. int(at) .. ((what == 'networks' or what == 'countries') and ':w' or '')
  local flat = redis.call('HGETALL', key)
  local counts = what == 'sessions' and {} or sum
  for i = 1, #flat, 2 do
    take(counts, flat[i], num(flat[i + 1]))
  end
  if what == 'sessions' then
    if at > this - 24 and at <= this then
      add(counts, 'users', users_of(at, at))
    end
    put(at, counts)
  end
  left = left - 1 - #flat / 2
  at = at + 1
end
put(0, sum)
if at <= last then
  out[1] = at
end
return reply('OK', nil, out)

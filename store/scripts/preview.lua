-- preview - counts what another policy would do to the sessions of a tenant in this partition; changes
-- nothing. A piece at a time: it stops after so many looks and says where to go on.
-- ARGV 10 from ms 11 from sid (both empty to begin) 12 looks 13-18 clocks now, touch interval, trust levels
--      19-24 the other policy's 25 its limit per user (0 = none) 26-28 does its binding by address,
--      agent, device differ (1) 29 rules by time, 30 those of clients that the other policy has not,
--      31 its limits by device type (lines of name, blank, number)
-- Adds: next ms (-1 = end), next sid; live sessions, over by idle, over by absolute, users over
-- the limit, sessions over it, sessions whose binding differs, sessions that would have to step up and
-- do not now; over by their client; users over a type's limit, sessions over it;
-- users over a trust level's limit, sessions over it.
local FIELDS = { 'status', 'seen', 'created', 'idle', 'absolute', 'remember', 'uhash', 'ip', 'ua', 'dev_fp',
  'dev_trust', 'acr', 'client', 'dev_type' }
local before, removed, types = rules_of(ARGV[29]), rules_of(ARGV[30]), rules_of(ARGV[31])
local NOW, OTHER = 13, 19
local max_looks, max = tonumber(ARGV[12]), tonumber(ARGV[25])
local looks = 0
local n = { live = 0, idle = 0, absolute = 0, users = 0, excess = 0, rebound = 0, step_up = 0,
  client = 0, type_users = 0, type_excess = 0, level_users = 0, level_excess = 0 }

local function look(sid)
  looks = looks + 1
  return load_some(sid, FIELDS)
end

-- Which clock is over by the policy that begins at ARGV[at], or 'client'; 'ended' where the session is.
local function judge(r, at)
  if r.status ~= 'active' or ruled_out(r, before) then
    return 'ended'
  end
  return run_out_by(r, at) or (at == OTHER and ruled_out(r, removed)) or nil
end

local function stays(sid, fits)
  local r = look(sid)
  return fits(r) and not judge(r, NOW) and not judge(r, OTHER)
end

-- By how many the user has more than most of his sessions that stay and that fit: told once, at the
-- newest of them.
local function over(sid, uhash, most, fits)
  local left = 0
  for _, other in ipairs(redis.call('ZRANGE', a_base .. uhash, 0, -1, 'REV')) do
    if other == sid then
      left = left + 1
    elseif stays(other, fits) then
      if left == 0 then
        return 0
      end
      left = left + 1
    end
  end
  return math.max(left - most, 0)
end

-- Counts the user of r, and by how many he is over, where there is a limit for those that fit.
local function count_over(sid, r, most, fits, name)
  local excess = (most or 0) > 0 and over(sid, r.uhash, most, fits) or 0
  if excess > 0 then
    n[name .. 'users'], n[name .. 'excess'] = n[name .. 'users'] + 1, n[name .. 'excess'] + excess
  end
end

local function count_user(sid, r)
  local _, _, level_max = find_level(ARGV[OTHER + 5], r.dev_trust or '')
  count_over(sid, r, max, function() return true end, '')
  count_over(sid, r, types[r.dev_type or ''], function(x) return x.dev_type == r.dev_type end, 'type_')
  count_over(sid, r, level_max, function(x)
    return level_of(x.dev_trust or '') == level_of(r.dev_trust or '')
  end, 'level_')
end

local function differs(r)
  return (ARGV[26] == '1' and r.ip) or (ARGV[27] == '1' and r.ua) or (ARGV[28] == '1' and r.dev_fp)
end

-- Does the policy at ARGV[at] demand another acr?
local function must_step_up(r, at)
  local _, _, _, acr = find_level(ARGV[at + 5], r.dev_trust or '')
  return acr and acr ~= '' and acr ~= r.acr
end

local function count(sid)
  local r = look(sid)
  if judge(r, NOW) then
    return
  end
  n.live = n.live + 1
  local why = judge(r, OTHER)
  if why then
    n[why] = n[why] + 1
    return
  end
  if differs(r) then
    n.rebound = n.rebound + 1
  end
  if must_step_up(r, OTHER) and not must_step_up(r, NOW) then
    n.step_up = n.step_up + 1
  end
  if r.uhash then
    count_user(sid, r)
  end
end

local next_ms, next_sid = walk(KEYS[4], ARGV[10], ARGV[11], function(sid)
  if looks >= max_looks then
    return false
  end
  count(sid)
  return true
end)
return reply('OK', nil, { next_ms, next_sid, n.live, n.idle, n.absolute, n.users, n.excess,
  n.rebound, n.step_up, n.client, n.type_users, n.type_excess,
  n.level_users, n.level_excess })

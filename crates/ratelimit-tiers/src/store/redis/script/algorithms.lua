-- The algorithms: functions of a slot, the present, a quota and a cost.

-- floor(a * b / c) and the remainder, for integers of which a < 2^32 and b <= c.
local function share(a, b, c)
  if a * b < 2 ^ 53 then
    local quotient = floor(a * b / c)
    return quotient, a * b - quotient * c
  end
  local quotient, rest = 0, 0
  for bit = 31, 0, -1 do
    quotient, rest = 2 * quotient, 2 * rest
    if rest >= c then quotient, rest = quotient + 1, rest - c end
    if a >= 2 ^ bit then
      a, rest = a - 2 ^ bit, rest + b
      if rest >= c then quotient, rest = quotient + 1, rest - c end
    end
  end
  return quotient, rest
end

local function share_up(a, b, c)
  local quotient, rest = share(a, b, c)
  if rest > 0 then return quotient + 1 end
  return quotient
end

-- Sliding: the counts as they stand now, and the time since the present window began.
local function counts(slot, period)
  local elapsed = now % period
  if slot.idle <= now then return 0, 0, elapsed end
  local start, present, before = unpack('<I8I4I4', slot.rest)
  local behind = now - elapsed - start
  if behind <= 0 then return present, before, elapsed end
  if behind == period then return 0, present, elapsed end
  return 0, 0, elapsed
end

-- Sliding: until nothing counts any more.
local function counted_for(present, before, elapsed, period)
  if present > 0 then return 2 * period - elapsed end
  if before > 0 then return period - elapsed end
  return 0
end

-- Strict: how much the groups hold that are not over, and where the first of them is.
local function living(slot, period)
  if slot.idle <= now then return 0, #slot.rest + 1 end
  local used, place = unpack('<I4', slot.rest)
  while true do
    local last, count, next = unpack('<I8I4', slot.rest, place + 8)
    if last + period > now then return used, place end
    used, place = used - count, next
  end
end

-- Each gives what is left, how long something counts and how long to wait; and, when the request is
-- admitted and consumes, the state that it leaves.

local function gcra(slot, limit, burst, period, cost)
  local interval = ceil(period / limit)
  local capacity, debt = burst * interval, slot.idle - now
  if debt < 0 then debt = 0 end
  local after = debt + min(cost, burst) * interval
  if after > capacity then
    return floor((capacity - debt) / interval), debt, after - capacity
  end
  return floor((capacity - after) / interval), after, 0, now + after, ''
end

local function strict(slot, limit, period, cost)
  local used, first = living(slot, period)
  local rest, reset = slot.rest, max(slot.idle - now, 0)
  -- A lower limit than that of the groups may be exceeded already: looking is allowed then too.
  if cost == 0 then return max(limit - used, 0), reset, 0 end
  cost = min(cost, limit)
  local after = used + cost
  if after > limit then
    local excess, place = after - limit, first
    while true do
      local last, count, next = unpack('<I8I4', rest, place + 8)
      if excess <= count then return max(limit - used, 0), reset, last + period - now end
      excess, place = excess - count, next
    end
  end
  local opened, _, count
  if first <= #rest then
    opened, _, count = unpack('<I8I8I4', rest, #rest - 19)
  end
  if opened and now - opened < period / 12 then
    rest = pack('<I4', after) .. sub(rest, first, -21) .. pack('<I8I8I4', opened, now, count + cost)
  else
    rest = pack('<I4', after) .. sub(rest, first) .. pack('<I8I8I4', now, now, cost)
  end
  return limit - after, period, 0, now + period, rest
end

local function fixed(slot, limit, period, cost)
  local count, ends = 0, now - now % period + period
  if slot.idle >= ends then count = unpack('<I4', slot.rest) end
  local after = count + min(cost, limit)
  if after > limit then return max(limit - count, 0), ends - now, ends - now end
  if after == 0 then return limit, 0, 0, now, '' end
  return limit - after, ends - now, 0, ends, pack('<I4', after)
end

local function sliding(slot, limit, period, cost)
  local present, before, elapsed = counts(slot, period)
  cost = min(cost, limit)
  local used = share_up(before, period - elapsed, period) + present
  -- A lower limit than that of the counts may be exceeded already: looking is allowed then too.
  if cost == 0 then
    return max(limit - used, 0), counted_for(present, before, elapsed, period), 0
  end
  if used + cost <= limit then
    present = present + cost
    local reset = counted_for(present, before, elapsed, period)
    local rest = pack('<I8I4I4', now - elapsed, present, before)
    return limit - used - cost, reset, 0, now + reset, rest
  end
  -- The least time since a window began at which the one before fits into this room.
  local function fitting(before, room)
    if before <= room then return 0 end
    local whole = floor(period / before)
    return period - room * whole - share(room, period - whole * before, before)
  end
  local asked, retry = present + cost
  if asked <= limit then
    retry = max(fitting(before, limit - asked) - elapsed, 1)
  else
    retry = period - elapsed + fitting(present, limit - cost)
  end
  return max(limit - used, 0), counted_for(present, before, elapsed, period), retry
end

local function check(slot, head, cost)
  local algorithm, limit, burst, period = unpack('<BI4I4I8', head, 5)
  if algorithm == GCRA then return gcra(slot, limit, burst, period, cost) end
  if algorithm == STRICT then return strict(slot, limit, period, cost) end
  if algorithm == FIXED then return fixed(slot, limit, period, cost) end
  return sliding(slot, limit, period, cost)
end

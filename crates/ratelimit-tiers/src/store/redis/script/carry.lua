-- What something else than a request changes of a slot: another quota, or a clock that was set back.

local MOST = 2 ^ 32 - 1

-- Whether counts by both quotas lie in the same windows.
local function same_windows(from, to)
  local algorithm, _, _, period = unpack('<BI4I4I8', from, 5)
  local other, _, _, other_period = unpack('<BI4I4I8', to, 5)
  return algorithm == other and period == other_period
    and (algorithm == STRICT or algorithm == SLIDING)
end

-- What lies ahead of a clock that was set back counts as of now.
local function set_back(slot)
  local algorithm, limit, burst, period = unpack('<BI4I4I8', slot.head, 5)
  local reach = period
  if algorithm == GCRA then
    reach = burst * ceil(period / limit)
  elseif algorithm == SLIDING then
    reach = 2 * period
  end
  if slot.idle <= now + reach then return false end
  slot.idle = now + reach
  if algorithm == FIXED then
    slot.idle = now - now % period + period
  elseif algorithm == SLIDING then
    local _, present, before = unpack('<I8I4I4', slot.rest)
    slot.rest = pack('<I8I4I4', now - now % period, present, before)
    slot.idle = now + counted_for(present, before, now % period, period)
  elseif algorithm == STRICT then
    local rest = sub(slot.rest, 1, 4)
    for place = 5, #slot.rest, 20 do
      local opened, last, count = unpack('<I8I8I4', slot.rest, place)
      rest = rest .. pack('<I8I8I4', min(opened, now), min(last, now), count)
    end
    slot.rest = rest
  end
  return true
end

-- The consumption of a slot under another quota, where one of that algorithm keeps it.
local function carried(slot, head, change)
  if change == RESET or slot.idle <= now then return { idle = now, rest = '' } end
  local from, from_limit, from_burst, from_period = unpack('<BI4I4I8', slot.head, 5)
  local to, limit, burst, period = unpack('<BI4I4I8', head, 5)
  local function scale(count)
    if change ~= PROPORTIONAL then return count end
    local rest = count % from_burst
    local whole = (count - rest) / from_burst
    return min(whole * burst + share_up(burst, rest, from_burst), MOST)
  end
  if same_windows(slot.head, head) then
    -- Counts of windows that stay where they are stay in their windows.
    if change ~= PROPORTIONAL then return slot end
    if from == SLIDING then
      local start, present, before = unpack('<I8I4I4', slot.rest)
      local rest = pack('<I8I4I4', start, scale(present), scale(before))
      return { idle = slot.idle, rest = rest }
    end
    local _, first = living(slot, from_period)
    local sum, rest = 0, ''
    for place = first, #slot.rest, 20 do
      local opened, last, count = unpack('<I8I8I4', slot.rest, place)
      count = scale(count)
      sum, rest = sum + count, rest .. pack('<I8I8I4', opened, last, count)
    end
    return { idle = slot.idle, rest = pack('<I4', min(sum, MOST)) .. rest }
  end
  local consumed
  if from == GCRA then
    local interval = ceil(from_period / from_limit)
    consumed = ceil(min(slot.idle - now, from_burst * interval) / interval)
  elseif from == STRICT then
    consumed = living(slot, from_period)
  elseif from == FIXED then
    consumed = unpack('<I4', slot.rest)
  else
    local present, before, elapsed = counts(slot, from_period)
    consumed = min(share_up(before, from_period - elapsed, from_period) + present, MOST)
  end
  consumed = min(scale(consumed), burst)
  if consumed == 0 then return { idle = now, rest = '' } end
  if to == GCRA then
    return { idle = now + consumed * ceil(period / limit), rest = '' }
  elseif to == STRICT then
    return { idle = now + period, rest = pack('<I4I8I8I4', consumed, now, now, consumed) }
  end
  local window = now - now % period
  if to == FIXED then
    return { idle = window + period, rest = pack('<I4', consumed) }
  end
  return { idle = window + 2 * period, rest = pack('<I8I4I4', window, consumed, 0) }
end

-- As `check`, for a slot that may be written under another quota. Only what is taken is kept under
-- the new one: consumption that does not fit a smaller burst would be forgotten. So a refused
-- request waits for it to fit, as it goes by under the old quota.
local function check_under(slot, head, change, cost)
  if slot.head == head then return check(slot, head, cost) end
  local left, reset, retry, idle, rest = check(carried(slot, head, change), head, cost)
  if (retry > 0 or cost == 0) and change ~= RESET and not same_windows(slot.head, head) then
    local _
    _, reset = check(slot, slot.head, 0)
    if retry > 0 then
      local from_burst, burst = unpack('<I4', slot.head, 10), unpack('<I4', head, 10)
      -- The most consumed under the old quota that leaves room for the cost under the new.
      local room = burst - min(cost, burst)
      if change == PROPORTIONAL then room = share(from_burst, room, burst) end
      _, _, retry = check(slot, slot.head, max(from_burst - room, 0))
    end
  end
  return left, reset, retry, idle, rest
end

-- The slot of a class, brought to where it is expected: next time the record says the same as the
-- ask.
local function slot_of(head, expected)
  local slot = slots[expected]
  if slot and slot.head == head then return slot end
  local class, place = sub(head, 1, 4), #slots + 1
  for i = 1, #slots do
    if sub(slots[i].head, 1, 4) == class then place = i break end
  end
  slot = slots[place] or { head = head, idle = now, rest = '' }
  if place >= expected then
    slots[place] = slots[expected]
    slots[expected] = slot
  end
  return slot
end

-- Decides in general.

local SHADOW = 4

-- No lease is larger than this part of a burst, and none is given out of the last quarter.
local LEASED, KEPT = 64, 4

-- Microseconds that a class is still blocked for.
local function blocked(head)
  local ends, class = now, sub(head, 1, 4)
  for _, block in ipairs(blocks) do
    if block.kind == OF_ALL or block.class == class then ends = max(ends, block.ends) end
  end
  return ends - now
end

-- Looks at each limit for so many requests at once, and notes in its slot what admitting leaves. Tells
-- whether all admit, whether a clock was set back, what to reply, and how many requests could be
-- leased out of what is wished.
local function look(times, most)
  local admitted, dirty, reply = true, false, ''
  for i = 1, count do
    local head = sub(ask, 21 * i - 16, 21 * i + 4)
    local cost, change = unpack('<I4B', ask, body + 5 * i)
    local shadow = change >= SHADOW
    if shadow then change = change - SHADOW end
    local own = owns and owns[sub(head, 1, 4)]
    if own then head = own.head end
    local slot = slot_of(head, i)
    dirty = set_back(slot) or dirty
    local left, reset, retry, idle, rest = check_under(slot, head, change, cost * times)
    local wait = blocks and blocked(head) or 0
    if wait > 0 and retry == 0 then
      -- Nothing will be taken.
      left, reset = check_under(slot, head, change, 0)
    end
    retry = max(retry, wait)
    slot.asked, slot.next, slot.after = head, idle, nil
    if retry == 0 and cost > 0 then slot.after = rest end
    if retry > 0 then
      if not shadow then admitted = false end
      most = 1
    elseif most > 1 then
      local burst = unpack('<I4', head, 10)
      local spare = floor((left - burst / KEPT) / max(cost, 1))
      most = max(min(most, floor(burst / LEASED / max(cost, 1)), spare + 1), 1)
    end
    reply = reply .. pack('<BI4I8I8', own and 1 or 0, left, reset, retry)
    if own then reply = reply .. head end
  end
  return admitted, dirty, reply, most
end

local function act()
  local admitted, dirty, reply, most = look(1, wish)
  local taken, _ = 0, nil
  if admitted and taking == 1 then
    taken = max(most, 1)
    if taken > 1 then _, _, reply = look(taken, 1) end
    for i = 1, #slots do
      local slot = slots[i]
      if slot.after then
        slot.head, slot.idle, slot.rest, dirty = slot.asked, slot.next, slot.after, true
      end
    end
  end
  if taking == 1 and (dirty or unreadable == 1) then write() end
  return pack('<BI8I4', (admitted and 1 or 0) + 2 * unreadable, now, taken) .. reply
end

return on_record(act)

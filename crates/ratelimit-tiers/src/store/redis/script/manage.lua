-- Corrects what is known of one subject.
--
--   ARGV[1]   what B, and what it needs:
--             0 refund    taken I8, for each limit head c21, cost I4, change B
--             1 reset     kind B, class c4
--             2 block     kind B, class c4, until I8
--             3 penalty   class c4, first I8, longest I8, memory I8
--             4 override  head c21, until I8 (0 for good)
--             5 no override of a class any more: class c4
--   reply     unreadable B; of a penalty also until I8, strikes I4

local give_back = {}

give_back[GCRA] = function(slot, limit, burst, period, cost, taken)
  local due = min(cost, burst) * ceil(period / limit) - max(now - taken, 0)
  slot.idle = slot.idle - max(due, 0)
end

-- The parts of a request with several subjects are taken one after the other, and `taken` is when the
-- first was: the others were so much later at most. A wrong group is older than the right one, so
-- it is over before.
local LATER = 1000000

give_back[STRICT] = function(slot, limit, _, period, cost, taken)
  cost = min(cost, limit)
  local sum, rest, newest = 0, '', now - period
  for place = 5, #slot.rest, 20 do
    local opened, last, count = unpack('<I8I8I4', slot.rest, place)
    if last + period > now then
      if opened <= taken + LATER and taken <= last then
        count, cost = max(count - cost, 0), 0
      end
      if count > 0 then
        sum, newest = sum + count, last
        rest = rest .. pack('<I8I8I4', opened, last, count)
      end
    end
  end
  slot.idle, slot.rest = newest + period, pack('<I4', sum) .. rest
end

give_back[FIXED] = function(slot, limit, _, period, cost, taken)
  if taken - taken % period ~= now - now % period then return end
  local count = unpack('<I4', slot.rest) - min(cost, limit)
  if count <= 0 then slot.idle = now end
  slot.rest = pack('<I4', max(count, 0))
end

give_back[SLIDING] = function(slot, limit, _, period, cost, taken)
  local start, present, before = unpack('<I8I4I4', slot.rest)
  local window = now - now % period
  if start == window - period then
    start, present, before = window, 0, present
  end
  local behind = start - (taken - taken % period)
  if behind == 0 then
    present = max(present - min(cost, limit), 0)
  elseif behind == period then
    before = max(before - min(cost, limit), 0)
  end
  slot.rest = pack('<I8I4I4', start, present, before)
  slot.idle = present > 0 and start + 2 * period or before > 0 and start + period or now
end

local function block_of(kind, class)
  blocks, owns = blocks or {}, owns or {}
  for _, block in ipairs(blocks) do
    if block.kind == kind and block.class == class then return block end
  end
  local block = { kind = kind, class = class, ends = 0, strikes = 0, forgotten = 0 }
  blocks[#blocks + 1] = block
  return block
end

local act = {}

act[0] = function(ask, place)
  local taken, first = unpack('<I8', ask, place)
  local function of(slot)
    for at = first, #ask, 26 do
      local head, cost, change = unpack('<c21I4B', ask, at)
      local same_class = sub(head, 1, 4) == sub(slot.head, 1, 4)
      -- Under another quota that began afresh, nothing of it counts.
      if same_class and (change ~= RESET or head == slot.head) then return cost end
    end
  end
  for _, slot in ipairs(slots) do
    local cost = of(slot)
    if cost and slot.idle > now then
      local algorithm, limit, burst, period = unpack('<BI4I4I8', slot.head, 5)
      give_back[algorithm](slot, limit, burst, period, cost, taken)
    end
  end
end

act[1] = function(ask, place)
  local kind, class = unpack('<Bc4', ask, place)
  for _, slot in ipairs(slots) do
    if kind == OF_ALL or sub(slot.head, 1, 4) == class then slot.idle = now end
  end
  for i = #(blocks or {}), 1, -1 do
    if kind == OF_ALL or (blocks[i].kind == kind and blocks[i].class == class) then
      table.remove(blocks, i)
    end
  end
end

act[2] = function(ask, place)
  local kind, class, ends = unpack('<Bc4I8', ask, place)
  block_of(kind, class).ends = ends
end

act[3] = function(ask, place)
  local class, first, longest, memory = unpack('<c4I8I8I8', ask, place)
  local block = block_of(OF_CLASS, class)
  -- Who keeps knocking is not blocked for ever.
  if block.ends > now then return pack('<I8I4', block.ends, block.strikes) end
  block.strikes = block.forgotten > now and min(block.strikes + 1, 2 ^ 32 - 1) or 1
  local factor = block.strikes <= 32 and 2 ^ (block.strikes - 1) or 2 ^ 32 - 1
  block.ends = now + min(first * factor, longest)
  block.forgotten = min(block.ends + memory, 2 ^ 53 - 1)
  return pack('<I8I4', block.ends, block.strikes)
end

act[4] = function(ask, place)
  local head, ends = unpack('<c21I8', ask, place)
  blocks, owns = blocks or {}, owns or {}
  owns[sub(head, 1, 4)] = { head = head, ends = ends == 0 and math.huge or ends }
end

act[5] = function(ask, place)
  if owns then owns[sub(ask, place, place + 3)] = nil end
end

return on_record(function()
  local what, place = unpack('B', ARGV[1])
  local reply = act[what](ARGV[1], place)
  write()
  return pack('B', unreadable) .. (reply or '')
end)

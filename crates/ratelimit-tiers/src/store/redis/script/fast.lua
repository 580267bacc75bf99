-- Decides about one subject's limits, all or nothing.
--
--   ARGV[1]   magic I2, number of limits I2, their heads as in a record, what B (0 looks, 1 takes),
--             wish I4, then for each limit cost I4, change B (0 keep, 1 reset, 2 proportional; +4
--             for a shadow limit)
--   reply     admitted B (+2 when the record could not be read), now I8, taken I4, for each limit
--             own B (1: the subject's own quota was applied), left I4, reset I8, retry I8, and if
--             it is its own, the head c21
--
-- `taken` is how often the whole ask was consumed: with a wish for a lease perhaps more than once.

local ask = ARGV[1]
local count = unpack('<I2', ask, 3)
local body = 5 + 21 * count
local taking, wish = unpack('<BI4', ask, body)

-- Most subjects ask the same GCRA and Strict limits as last time. They need none of the rest, which
-- costs more than all of this. What is not as it should be is left to the rest too.
local heads, place = sub(ask, 1, body - 1), body + 8 * count
if found and wish <= 1 and #found >= place + 2 * count - 1 and sub(found, 1, body - 1) == heads then
  local admitted, reply, idles, rests, latest, total = true, '', '', '', 0, 0
  local head_at, idle_at, cost_at = 9, body, body + 5
  for _ = 1, count do
    local algorithm, limit, burst, period = unpack('<BI4I4I8', ask, head_at)
    local idle = unpack('<I8', found, idle_at)
    local cost, change = unpack('<I4B', ask, cost_at)
    local left, reset, retry
    if change >= 4 then admitted = nil break end
    if cost > burst then cost = burst end
    if algorithm == GCRA then
      local interval = ceil(period / limit)
      local capacity, debt = burst * interval, idle - now
      if debt < 0 then debt = 0 end
      if debt > capacity then admitted = nil break end
      reset = debt + cost * interval
      if reset > capacity then
        admitted = false
        left, reset, retry = floor((capacity - debt) / interval), debt, reset - capacity
      else
        left, retry, idle = floor((capacity - reset) / interval), 0, now + reset
      end
      rests, place = rests .. '\0\0', place + 2
    elseif algorithm == STRICT then
      local length, from = 0, place
      if place < #found then length, from = unpack('<I2', found, place) end
      place = from + length
      -- A sum and whole groups, none of them of a clock that was set back.
      if length % 20 ~= 4 or place > #found + 1 or idle > now + period then
        admitted = nil
        break
      end
      local used, group = unpack('<I4', found, from)
      while group < place do
        local last, size = unpack('<I8I4', found, group + 8)
        if last + period > now then break end
        used, group = used - size, group + 20
      end
      reset, left, retry = idle - now, limit - used, 0
      if group == place then used, reset, left = 0, 0, limit end
      if cost == 0 then
        rests = rests .. sub(found, from - 2, place - 1)
      elseif cost <= left then
        local opened, _, size = -period, nil, nil
        if group < place then opened, _, size = unpack('<I8I8I4', found, place - 20) end
        left, used, reset, idle = left - cost, used + cost, period, now + period
        if now - opened < period / 12 then
          rests = rests .. pack('<I2I4', place - group + 4, used) .. sub(found, group, place - 21)
            .. pack('<I8I8I4', opened, now, size + cost)
        else
          rests = rests .. pack('<I2I4', place - group + 24, used) .. sub(found, group, place - 1)
            .. pack('<I8I8I4', now, now, cost)
        end
      else
        admitted = false
        local excess = cost - left
        while retry == 0 and group < place do
          local last, size = unpack('<I8I4', found, group + 8)
          if excess <= size then retry = last + period - now end
          excess, group = excess - size, group + 20
        end
        if retry == 0 then admitted = nil break end
      end
    else
      admitted = nil
      break
    end
    reply = reply .. pack('<BI4I8I8', 0, left, reset, retry)
    idles = idles .. pack('<I8', idle)
    if reset > latest then latest = reset end
    head_at, idle_at, cost_at, total = head_at + 21, idle_at + 8, cost_at + 5, total + cost
  end
  if admitted ~= nil and place == #found + 1 then
    if admitted and taking == 1 and total > 0 then
      redis.call('SET', KEYS[1], heads .. idles .. rests, 'PX', ceil(latest / 1000))
    end
    return pack('<BI8I4', admitted and 1 or 0, now, admitted and taking or 0) .. reply
  end
end

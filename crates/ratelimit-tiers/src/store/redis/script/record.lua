local slots, blocks, owns, unreadable = {}, nil, nil, 0

local function read()
  if not found then return end
  local magic, count, head_at = unpack('<I2I2', found)
  assert(magic == MAGIC)
  local idle_at = head_at + 21 * count
  local place = idle_at + 8 * count
  for i = 1, count do
    local slot = { head = sub(found, head_at, head_at + 20), idle = 0, rest = '' }
    slot.idle, idle_at = unpack('<I8', found, idle_at)
    slot.rest, place = unpack('<I2c0', found, place)
    slots[i], head_at = slot, head_at + 21
  end
  while place <= #found do
    blocks, owns = blocks or {}, owns or {}
    local kind = unpack('B', found, place)
    if kind == OWN then
      local head, ends
      head, ends, place = unpack('<c21I8', found, place + 1)
      if ends == 0 then ends = math.huge end
      if ends > now then owns[sub(head, 1, 4)] = { head = head, ends = ends } end
    else
      local block = { kind = kind }
      block.class, block.ends, block.strikes, block.forgotten, place =
        unpack('<c4I8I4I8', found, place + 1)
      if max(block.ends, block.forgotten) > now then blocks[#blocks + 1] = block end
    end
  end
end

-- Writes what is not over, and lets it expire when the last of it is.
local function write()
  local count, ends = 0, now
  for i = 1, #slots do
    local idle = slots[i].idle
    if idle > now then
      count = count + 1
      if idle > ends then ends = idle end
    end
  end
  local parts, part = { pack('<I2I2', MAGIC, count) }, 2
  for i = 1, #slots do
    local slot = slots[i]
    if slot.idle > now then
      local rest = slot.rest
      parts[part], parts[part + count] = slot.head, pack('<I8', slot.idle)
      parts[part + 2 * count] = rest == '' and '\0\0' or pack('<I2c0', #rest, rest)
      part = part + 1
    end
  end
  local record = table.concat(parts)
  if blocks then
    for _, block in ipairs(blocks) do
      record = record .. pack('<Bc4I8I4I8', block.kind, block.class, block.ends, block.strikes,
        block.forgotten)
      ends = max(ends, block.ends, block.forgotten)
    end
    for _, own in pairs(owns) do
      local until_or_0 = own.ends == math.huge and 0 or own.ends
      record = record .. pack('<Bc21I8', OWN, own.head, until_or_0)
      ends = max(ends, own.ends)
    end
  end
  if ends == math.huge then
    redis.call('SET', KEYS[1], record)
  elseif ends > now then
    redis.call('SET', KEYS[1], record, 'PX', ceil((ends - now) / 1000))
  elseif found then
    redis.call('DEL', KEYS[1])
  end
end

-- Acts on what is read. What cannot be read, being of another type, version or cut, is forgotten:
-- it must not lock a subject out for ever.
local function on_record(act)
  local done, reply = pcall(function() read() return act() end)
  if done then return reply end
  slots, blocks, owns, unreadable = {}, nil, nil, 1
  return act()
end

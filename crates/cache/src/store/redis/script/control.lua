-- What is known of one cache. All control keys of a cache are in one slot.
--
--   KEYS[1]   the last generation
--   KEYS[2]   the marks of the whole cache: "removed expired"
--   ARGV[1]   for how many milliseconds both are remembered from now on
--
-- Numbers are decimal and below 2^53, up to which a double holds each: microseconds until the year
-- 2255. What cannot be read counts as lost.

local retention = ARGV[1]
local time = redis.call('TIME')

local MOST = 2 ^ 53 - 1

local function text(number)
  return string.format('%.0f', number)
end

local function last_generation()
  local last = tonumber(string.match(redis.call('GET', KEYS[1]) or '', '^%d+$'))
  if last and last <= MOST then return last end
end

local function read(key)
  local removed, expired = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  removed, expired = tonumber(removed), tonumber(expired)
  if removed and removed <= MOST and expired <= MOST then
    return { removed = removed, expired = expired }
  end
end

local function write(key, marks)
  redis.call('SET', key, text(marks.removed) .. ' ' .. text(marks.expired), 'PX', retention)
end

-- What was marked before is forgotten, so all that is older counts as removed. Of a cache both marks
-- are the same then, which tells one that is founded from one that was cleared.
local function found(key, generation)
  local marks = { removed = generation, expired = key == KEYS[2] and generation or 0 }
  write(key, marks)
  return marks
end

-- Gives out the time in microseconds, or one more than the last generation, than the marks of the
-- cache, or than those of a tag, whichever is the latest: clocks may be set back, and keys may be
-- evicted one by one. Returns also the marks of the cache, which is founded if they are lost.
local function issue(of_tag)
  local last, whole = last_generation() or 0, read(KEYS[2])
  if whole then last = math.max(last, whole.removed, whole.expired) end
  if of_tag then last = math.max(last, of_tag.removed, of_tag.expired) end
  local generation = math.max(time[1] * 1000000 + time[2], last + 1)
  redis.call('SET', KEYS[1], text(generation))
  return generation, whole or found(KEYS[2], generation)
end

-- Every script ends with this: what was set above has no end.
local function remember()
  redis.call('PEXPIRE', KEYS[1], retention)
  redis.call('PEXPIRE', KEYS[2], retention)
end

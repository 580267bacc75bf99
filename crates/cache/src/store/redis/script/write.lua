-- Writes an entry, unless one of a later generation is there.
--
--   KEYS[1]   the entry
--   ARGV[1]   its generation, 8 bytes
--   ARGV[2]   its bytes
--   ARGV[3]   for how many milliseconds it is kept
--   reply     nothing, or the bytes that are there
--
-- An entry begins with "BZ", its version, one more byte, and 8 bytes of its generation, the most
-- significant first, which is below 2^53: up to there a double holds each number. They are not
-- compared as strings, since those go by the locale.

local function number(bytes, from)
  local sum = 0
  for i = from, from + 7 do
    sum = sum * 256 + string.byte(bytes, i)
  end
  return sum
end

local head = redis.call('GETRANGE', KEYS[1], 0, 11)
if #head == 12 and string.sub(head, 1, 3) == 'BZ\1' then
  local there = number(head, 5)
  if there < 2 ^ 53 and there > number(ARGV[1], 1) then return redis.call('GET', KEYS[1]) end
end
local set = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if set.err then
  -- What is there is outdated, whether or not there is room for what is newer.
  redis.call('UNLINK', KEYS[1])
  return set
end
return false

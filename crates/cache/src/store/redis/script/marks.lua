-- Tells the marks of tags, and founds those that are lost.
--
--   KEYS[3..]  the marks of each tag
--   ARGV[2]    up to which generation entries of a tag that is founded count as removed
--   reply      removed and expired of each tag

local founded, reply = math.min(tonumber(ARGV[2]), MOST), {}
for i = 3, #KEYS do
  local marks = read(KEYS[i])
  if marks then
    redis.call('PEXPIRE', KEYS[i], retention)
  else
    marks = found(KEYS[i], founded)
  end
  reply[#reply + 1] = text(marks.removed)
  reply[#reply + 1] = text(marks.expired)
end
remember()
return reply

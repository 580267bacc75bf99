-- Marks a tag, or the whole cache, and tells every listener.
--
--   KEYS[3]   the marks of the tag, if it is one
--   ARGV[2]   "removed" or "expired"
--   ARGV[3]   the channel
--   ARGV[4]   what stands before the generation in the message
--   ARGV[5]   what stands behind it
--   reply     the generation

local tag = KEYS[3]
local of_tag = tag and read(tag)
local generation, marks = issue(of_tag)
if tag then marks = of_tag or found(tag, generation) end
marks[ARGV[2]] = generation
write(tag or KEYS[2], marks)
remember()
redis.call('PUBLISH', ARGV[3], ARGV[4] .. text(generation) .. ARGV[5])
return text(generation)

-- Tells where a cache stands.
--
--   reply     the last generation, removed, expired, milliseconds of the clock

local generation, marks = last_generation(), read(KEYS[2])
if not generation or not marks then generation, marks = issue() end
remember()
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { text(generation), text(marks.removed), text(marks.expired), text(now) }

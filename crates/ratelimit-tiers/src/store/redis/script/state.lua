-- What is known of one subject. Integers are little-endian, times are microseconds:
--
--   record    magic I2, number of slots I2, their heads, their idles, their rests, what was set by
--             hand
--   head      class c4, algorithm B, limit I4, burst I4, period I8: one quota of one class
--   idle      I8, when nothing is consumed any more
--   rest      length I2, and what the algorithm needs beside `idle`:
--     GCRA      nothing, `idle` is the theoretical arrival time
--     fixed     count I4, of the window that ends at `idle`
--     sliding   start I8, present I4, before I4
--     strict    sum I4, then groups, oldest first: opened I8, last I8, count I4
--   block     kind B (0 of a class, 1 of all), class c4, until I8, strikes I4, forgotten I8
--   override  kind B (2), head c21, until I8 (0 for good)
--
-- All numbers stay below 2^53, up to which Lua's doubles are exact: a capacity or period is below
-- 2^51.5 (100 years), the present below 2^51 until 2041, and their sums fit until 2155. A quotient
-- of such integers that is not whole differs from the next whole number by more than it is rounded
-- by, so `floor` and `ceil` of it are exact too.

local unpack, pack, sub = struct.unpack, struct.pack, string.sub
local floor, ceil, min, max = math.floor, math.ceil, math.min, math.max

local MAGIC = 0x0162
local GCRA, STRICT, FIXED, SLIDING = 0, 1, 2, 3
local RESET, PROPORTIONAL = 1, 2
local OF_CLASS, OF_ALL, OWN = 0, 1, 2

local found = redis.pcall('GET', KEYS[1])

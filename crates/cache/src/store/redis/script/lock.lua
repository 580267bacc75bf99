-- Takes a lock, unless another one has it. Whoever asks again, not having heard the answer, has it.
--
--   KEYS[1]   the lock
--   ARGV[1]   the token of who asks
--   ARGV[2]   after how many milliseconds it ends
--   reply     1, or 0 if another one has it

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1

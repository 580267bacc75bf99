-- Gives a lock back, if it is still this one.
--
--   KEYS[1]   the lock
--   ARGV[1]   its token

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return false

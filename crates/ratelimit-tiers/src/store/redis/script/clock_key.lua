-- By a clock that may stand, while keys expire by the server's: they are kept for an hour longer.
local server, redis = redis, {}
redis.pcall = server.pcall
redis.call = function(command, ...)
  local key, value, px, time = ...
  if px then return server.call(command, key, value, px, time + 3600000) end
  return server.call(command, ...)
end

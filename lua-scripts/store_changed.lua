-- store_changed.lua: a store has changed, no cached page is right any more.
-- KEYS[1]  {bb:stores}:version   KEYS[2]  {bb:stores}:pages
-- Returns the new version: Redis' time in microseconds, or one more than the last
--          one if that is ahead.  So none comes twice, also when Redis has lost
--          its data, and a page that was read before is never kept under it.

redis.call('UNLINK', KEYS[2])

local time = redis.call('TIME')
local version = math.max(time[1] * 1000000 + time[2],
                         (tonumber(redis.call('GET', KEYS[1])) or 0) + 1)

redis.call('SET', KEYS[1], string.format('%.0f', version))

return version

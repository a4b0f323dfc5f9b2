-- store_changed.lua: a store has changed, no cached page is right any more.
-- KEYS[1]  {bb:stores}:version   KEYS[2]  {bb:stores}:pages
-- Returns the new version.

redis.call('UNLINK', KEYS[2])

return redis.call('INCR', KEYS[1])

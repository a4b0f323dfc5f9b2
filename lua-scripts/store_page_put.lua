-- store_page_put.lua: keeps a page of the store list.
-- KEYS[1]  {bb:stores}:version   raised by each change of a store
-- KEYS[2]  {bb:stores}:pages     hash, see store_page_get.lua
-- ARGV[1]  field   ARGV[2]  the version read before the page was made
-- ARGV[3]  ids     ARGV[4]  data
-- ARGV[5]  seconds after which all pages go   ARGV[6]  fields at most
-- Returns  1: kept; 0: a store has changed meanwhile, or there are too many.

local pages = KEYS[2]

if redis.call('GET', KEYS[1]) ~= ARGV[2]
   or redis.call('HLEN', pages) >= tonumber(ARGV[6])
then
    return 0
end

redis.call('HSET', pages, ARGV[1],
           ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])

if redis.call('TTL', pages) == -1 then
    redis.call('EXPIRE', pages, ARGV[5])
end

return 1

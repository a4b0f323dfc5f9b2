-- store_page_get.lua: a page of the store list, if it is cached.
-- KEYS[1]  {bb:stores}:version   raised by each change of a store; made here if
--                                there is none, see store_changed.lua
-- KEYS[2]  {bb:stores}:pages     hash: "<page size>:<offset>" to
--                                "<version> <ids> <data>"
-- ARGV[1]  field of the hash
-- Returns  { version }, or { version, page } with the value as it is: Lua looks at
--          every byte of a text that it makes.

local version = redis.call('GET', KEYS[1])

if not version then
    local time = redis.call('TIME')

    version = string.format('%.0f', time[1] * 1000000 + time[2])
    redis.call('SET', KEYS[1], version)
end

local page = redis.call('HGET', KEYS[2], ARGV[1])

if not page or string.match(page, '^%d+') ~= version then
    return { version }
end

return { version, page }

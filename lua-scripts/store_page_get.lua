-- store_page_get.lua: a page of the store list, if it is cached.
-- KEYS[1]  {bb:stores}:version   raised by each change of a store
-- KEYS[2]  {bb:stores}:pages     hash: "<page size>:<offset>" to
--                                "<version> <ids> <data>"
-- ARGV[1]  field of the hash
-- Returns  { version } or { version, ids, data }.  ids: "12,13", may be empty.

local version = redis.call('GET', KEYS[1]) or '0'
local page = redis.call('HGET', KEYS[2], ARGV[1])

if not page then
    return { version }
end

local made, ids, data = string.match(page, '^(%d+) ([%d,-]*) (.*)$')

if made ~= version then
    return { version }
end

return { version, ids, data }

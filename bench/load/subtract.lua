-- subtract.lua: takes one of each of two flowers of one store; stores=n stores
-- of four-digit ids take turns.

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local a, parts, stores, quota

function init(list)
    a = load.arguments(list)
    stores, quota = a.stores, a.quota
    parts = {}

    for i = 0, stores - 1 do
        -- threads and neighbouring requests are in different stores
        local store = 1000 + (i * 7 + thread_index * 501) % stores
        local body = string.format('[{"storeId":%d,"stockDtos":['
            .. '{"flowerId":1,"stock":1},{"flowerId":2,"stock":1}],'
            .. '"phoneNumber":"01012345678","userId":3214567890}]', store)

        parts[i] = 'PUT /client/stores/flowers/stocks/subtract HTTP/1.1\r\n'
            .. 'Host: ' .. wrk.host .. '\r\nContent-Type: application/json\r\n'
            .. 'Content-Length: ' .. #body .. '\r\n\r\n' .. body
    end
end

function request()
    local n = made

    made = n + 1

    if made == quota then
        load.limit(a)
    end

    return parts[n % stores]
end

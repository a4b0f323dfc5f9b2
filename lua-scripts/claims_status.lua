-- claims_status.lua: how long an intent log is and how old its oldest entry.
-- KEYS[1]  {bb:<p>}:claims        stream, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:claims:dead   stream: entries that PostgreSQL refused
-- Returns  { entries, age of the oldest in ms (0 if none), dead letters }

local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local age = 0

if #oldest > 0 then
    local time = redis.call('TIME')
    local made = tonumber(string.match(oldest[1][1], '^(%d+)'))

    age = math.max(0, time[1] * 1000 + math.floor(time[2] / 1000) - made)
end

return { redis.call('XLEN', KEYS[1]), age, redis.call('XLEN', KEYS[2]) }

-- claims_late.lua: the oldest entries of an intent log that are overdue.
-- KEYS[1]  {bb:<p>}:claims        stream, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:claims:sweep  lease of the process that sweeps the log
-- ARGV[1]  age in ms from which an entry is late   ARGV[2]  how many at most
-- ARGV[3]  the sweeper's id   ARGV[4]  lease, ms
-- ARGV[5]  from where on: "-", or "(" and the id of an entry
-- Returns  entries as XRANGE does; none if no entry is late, or if another
--          sweeper has the lease.
-- Ages are taken by Redis' clock, which made the entries' ids.

local claims, lease, first = KEYS[1], KEYS[2], ARGV[5]

local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[1]
local last = string.format('%.0f', until_ms)

if #redis.call('XRANGE', claims, first, last, 'COUNT', 1) == 0 then
    return {}
end

local owner = redis.call('GET', lease)

if owner and owner ~= ARGV[3] then
    return {}
end

redis.call('SET', lease, ARGV[3], 'PX', ARGV[4])

return redis.call('XRANGE', claims, first, last, 'COUNT', ARGV[2])

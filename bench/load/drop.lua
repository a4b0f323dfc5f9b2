-- drop.lua: one drop: `quota` users of each thread draw one coupon, once each.
-- Counts the answers of each tenth of a second.

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local ffi = require('ffi')

ffi.cdef[[
typedef struct { long sec; long nsec; } bb_timespec;
int clock_gettime(int clock, bb_timespec *time);
]]

local MONOTONIC = 1
local now = ffi.new('bb_timespec')
local C = ffi.C

local a, head, user, quota, TAIL, origin, connections

bins = {}
began = 0
ended = 0

-- connections: of this thread
function init(list)
    a = load.arguments(list)
    head = load.heads(a, load.prefix(a))[0]
    user, quota, TAIL = load.user, a.quota, load.TAIL
    connections = a.connections

    for i = 1, 600 do
        bins[i] = 0
    end
end

local function clock()
    C.clock_gettime(MONOTONIC, now)
    return tonumber(now.sec) * 1000 + tonumber(now.nsec) / 1000000
end

function request()
    local n = made
    local time = clock()

    made = n + 1

    if n == 0 then
        origin = time
        began = time
    end

    -- a connection asks again when it was answered
    if n >= connections then
        local bin = math.floor((time - origin) / 100) + 1

        if bin <= 600 then
            bins[bin] = bins[bin] + 1
        end
    end

    if made == quota then
        ended = time
        load.limit(a)
    end

    return head .. user(n) .. TAIL
end

-- milliseconds of the monotonic clock
function load.more()
    local began, ended, sum, last = math.huge, 0, {}, 0

    for _, thread in ipairs(load.threads) do
        local bins = thread:get('bins')

        began = math.min(began, thread:get('began'))
        ended = math.max(ended, thread:get('ended'))

        for i = 1, 600 do
            sum[i] = (sum[i] or 0) + bins[i]

            if bins[i] > 0 then
                last = math.max(last, i)
            end
        end
    end

    return string.format(',"began":%.3f,"ended":%.3f,"answers":[%s]', began,
                         ended, table.concat(sum, ',', 1, last))
end

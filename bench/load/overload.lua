-- overload.lua: draws at a rate that does not wait for the answers alone: each
-- connection pauses before each request.  Says what became of them, by status.
--
-- Arguments beyond those of load.lua, in milliseconds:
--   pause   0.5 to 1.5 times as long before each request; 0: no pause
--   switch  after that time ...       later   ... this is the pause; 0: never
--
-- The server must send the header X-Sent back.

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local ffi = require('ffi')

ffi.cdef[[
typedef struct { long sec; long nsec; } bb_timespec;
int clock_gettime(int clock, bb_timespec *time);
]]

local MONOTONIC, WARM = 1, 1000
local time = ffi.new('bb_timespec')
local C = ffi.C

local a, head, user, TAIL, origin

-- of the time between warm-up and switch: answers by status and tenths of a
-- millisecond; after it: when, in milliseconds since it, the last 503 came
taken, refused, other, lastly = {}, {}, 0, 0

local function clock()
    C.clock_gettime(MONOTONIC, time)
    return tonumber(time.sec) * 1000 + tonumber(time.nsec) / 1000000
end

local function pause()
    local mean = (a.later > 0 and clock() - origin > a.switch) and a.later
                 or a.pause

    return math.floor(mean * (0.5 + math.random()) + 0.5)
end

function init(list)
    a = load.arguments(list)
    a.pause, a.switch, a.later = a.pause or 0, a.switch or 0, a.later or 0
    head = load.heads(a, load.prefix(a))[0]
    user, TAIL = load.user, load.TAIL
    origin = clock()
    math.randomseed(tonumber(thread_index) + 1)

    if a.pause > 0 then
        delay = pause
    end
end

function request()
    local n = made

    made = n + 1

    return string.format('%s%d\r\nX-Sent: %.3f%s', head, user(n), clock(), TAIL)
end

function response(status, headers)
    local now = clock()
    local past = now - origin
    local sent = tonumber(headers['X-Sent'] or '')

    if sent == nil or (status ~= 200 and status ~= 503) then
        other = other + 1
        return
    end

    if a.later > 0 and past > a.switch then
        if status == 503 then
            lastly = past - a.switch
        end

        return
    end

    if past < WARM and a.later > 0 then
        return
    end

    local of = status == 200 and taken or refused
    local bin = math.floor((now - sent) * 10)

    of[bin] = (of[bin] or 0) + 1
end

local function summary(name)
    local sum, bins, n = {}, {}, 0

    for _, thread in ipairs(load.threads) do
        for bin, count in pairs(thread:get(name)) do
            if sum[bin] == nil then
                bins[#bins + 1] = bin
            end

            sum[bin] = (sum[bin] or 0) + count
            n = n + count
        end
    end

    table.sort(bins)

    local function percentile(p)
        local rest = n * p

        for _, bin in ipairs(bins) do
            rest = rest - sum[bin]

            if rest <= 0 then
                return bin / 10
            end
        end

        return 0
    end

    return string.format('"%s":{"n":%d,"p50":%.1f,"p99":%.1f,"max":%.1f}', name, n,
        percentile(0.5), percentile(0.99), bins[#bins] and bins[#bins] / 10 or 0)
end

function load.more()
    local last, strange = 0, 0

    for _, thread in ipairs(load.threads) do
        last = math.max(last, thread:get('lastly'))
        strange = strange + thread:get('other')
    end

    return string.format(',%s,%s,"other":%d,"lastly":%.0f', summary('taken'),
        summary('refused'), strange, last)
end

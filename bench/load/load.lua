-- load.lua: what all load scripts share; loaded by each of them.
--
-- Arguments (after wrk's "--"), all name=value:
--   prefix   first three digits of the users of this run
--   coupon   first coupon id    coupons  how many ids from there on
--   holders  how many users hold each coupon
--   quota    requests of one thread, then it stops; 0: no end
--   flag     a file that is made when the quota is used up
-- and what a script takes beyond these.
--
-- A script makes one request per call of request() from constant parts.  It
-- counts them in the global `made`, which done() collects: what a server was
-- asked, also if wrk did not wait for the answer.

local load = { threads = {} }

made = 0

-- steps through 89999999 numbers of eight digits without repeating one, in an
-- order that no index likes
local FIRST, RANGE, STEP = 10000000, 89999999, 55621993

function load.arguments(list)
    local a = { prefix = '100', coupon = 1, coupons = 1, holders = 0,
                quota = 0, flag = '' }

    for _, word in ipairs(list) do
        local name, value = word:match('^(%w+)=(.*)$')
        a[name] = value:match('^%d+$') and name ~= 'prefix' and tonumber(value)
                  or value
    end

    return a
end

-- the last eight digits of the n-th user
function load.user(n)
    return FIRST + n * STEP % RANGE
end

-- all of a user but the last eight digits: each thread has its own
function load.prefix(a)
    return a.prefix .. thread_index
end

function load.post(path, user)
    return 'POST ' .. path .. ' HTTP/1.1\r\nHost: ' .. wrk.host
           .. '\r\nContent-Type: application/json\r\n'
           .. 'Content-Length: ' .. #load.BODY .. '\r\nuserId: ' .. user
end

load.BODY = '{"nickname":"봄이","phoneNumber":"01012345678"}'
load.TAIL = '\r\n\r\n' .. load.BODY

-- one head for each coupon
function load.heads(a, user)
    local heads = {}

    for i = 0, a.coupons - 1 do
        heads[i] = load.post(string.format('/stores/coupons/%d', a.coupon + i),
                             user)
    end

    return heads
end

-- Ends this thread when its quota is used up.
function load.limit(a)
    if a.flag ~= '' then
        io.open(a.flag .. thread_index, 'w'):close()
    end

    wrk.thread:stop()
end

function setup(thread)
    thread:set('thread_index', #load.threads)
    load.threads[#load.threads + 1] = thread
end

-- Prints one line of JSON.  Times are microseconds.
function done(summary, latency)
    local asked, points = 0, {}

    for _, thread in ipairs(load.threads) do
        asked = asked + thread:get('made')
    end

    for _, p in ipairs({ 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99 }) do
        points[#points + 1] = string.format('[%g,%d]', p, latency:percentile(p))
    end

    local e = summary.errors

    print(string.format('{"duration":%d,"requests":%d,"made":%d,"bytes":%.0f,'
        .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,'
        .. '"timeout":%d},"latency":[%s],"mean":%.1f,"max":%d%s}',
        summary.duration, summary.requests, asked, summary.bytes, e.connect,
        e.read, e.write, e.status, e.timeout, table.concat(points, ','),
        latency.mean, latency.max, load.more and load.more() or ''))
end

return load

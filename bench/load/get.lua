-- get.lua: GETs of one path; users=n: each of another of n users who hold
-- coupons, 0: of nobody.

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local a, head, users, quota, user
local TAIL = '\r\n\r\n'

function init(list)
    a = load.arguments(list)
    users, quota, user = a.users, a.quota, load.user
    head = 'GET ' .. a.path .. ' HTTP/1.1\r\nHost: ' .. wrk.host

    if users > 0 then
        head = head .. '\r\nuserId: 9000'
    else
        head = head .. TAIL
    end
end

function request()
    local n = made

    made = n + 1

    if made == quota then
        load.limit(a)
    end

    if users == 0 then
        return head
    end

    return head .. user(n % users) .. TAIL
end

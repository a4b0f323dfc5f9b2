-- get.lua: GETs of one path, all alike, or each another one:
--   users   of another of so many users who hold coupons
--   many    with another of so many ids, from first on, for the path's %d
--   caller  with many: the caller is the id plus that

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local a, head, middle, users, many, first, quota, user
local TAIL = '\r\n\r\n'

function init(list)
    a = load.arguments(list)
    users, many, first = a.users or 0, a.many or 0, a.first
    quota, user = a.quota, load.user

    local before, after = a.path:match('^(.*)%%d(.*)$')

    head = 'GET ' .. (before or a.path)
    middle = (after or '') .. ' HTTP/1.1\r\nHost: ' .. wrk.host

    if users > 0 then
        head = head .. middle .. '\r\nuserId: 9000'
    elseif many > 0 then
        middle = middle .. (a.caller and '\r\nuserId: ' or TAIL)
    else
        head = head .. middle .. TAIL
    end
end

function request()
    local n = made

    made = n + 1

    if made == quota then
        load.limit(a)
    end

    if users > 0 then
        return head .. user(n % users) .. TAIL
    end

    if many == 0 then
        return head
    end

    local id = first + user(n) % many

    if a.caller then
        return head .. id .. middle .. id + a.caller .. TAIL
    end

    return head .. id .. middle
end

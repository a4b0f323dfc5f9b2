-- claim.lua: each request draws for another user; the coupons take turns.

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local a, heads, coupons, quota, user, TAIL

function init(list)
    a = load.arguments(list)
    heads = load.heads(a, load.prefix(a))
    coupons, quota = a.coupons, a.quota
    user, TAIL = load.user, load.TAIL
end

function request()
    local n = made

    made = n + 1

    if made == quota then
        load.limit(a)
    end

    return heads[n % coupons] .. user(n) .. TAIL
end

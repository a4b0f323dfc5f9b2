-- holders.lua: draws of coupons that have holders.  Every `each`-th request is
-- of a holder (each=1: all of them), the others are of users who have none.

local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
local load = dofile(here .. 'load.lua')

local a, others, holders, coupons, quota, user, each, TAIL

-- the holders' ids are those that the runner made: 9000 and eight digits
function init(list)
    a = load.arguments(list)
    others = load.heads(a, load.prefix(a))
    holders = load.heads(a, '9000')
    coupons, quota, each = a.coupons, a.quota, a.each
    user, TAIL = load.user, load.TAIL
end

function request()
    local n = made

    made = n + 1

    if made == quota then
        load.limit(a)
    end

    -- another coupon each time that all kinds had their turn
    local coupon = math.floor(n / each) % coupons

    if n % each == 0 then
        return holders[coupon] .. user(n % a.holders) .. TAIL
    end

    return others[coupon] .. user(n) .. TAIL
end

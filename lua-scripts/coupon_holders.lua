-- coupon_holders.lua: users who hold a coupon by PostgreSQL's word.
-- KEYS[1]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY if loaded
-- ARGV[1]  seconds to keep a set that is not loaded
-- ARGV[2...]  user ids
-- Returns how many of them were not in the set.
-- A load under way merges with what it finds here; a set that nobody loads
-- ends by itself.

local issued = KEYS[1]
local added = redis.call('SADD', issued, unpack(ARGV, 2))

if redis.call('TTL', issued) == -1 then
    redis.call('EXPIRE', issued, ARGV[1])
end

return added

-- coupon_load_lock.lua: the right to load one coupon from PostgreSQL.
-- KEYS[1]  {bb:<p>}:coupon:<id>:load   lock: who loads, in which Redis run
-- ARGV[1]  load id   ARGV[2]  run id of this Redis   ARGV[3]  lease, ms
-- Returns  1: taken; 0: somebody else is loading.

local owner = ARGV[1] .. ' ' .. ARGV[2]

if redis.call('SET', KEYS[1], owner, 'NX', 'PX', ARGV[3]) then
    return 1
end

return 0

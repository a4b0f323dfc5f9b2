-- coupon_load_users.lua: one chunk of a coupon's holders, while it is loaded.
-- KEYS[1]  {bb:<p>}:coupon:<id>:issued   set: what it still holds stays
-- KEYS[2]  {bb:<p>}:coupon:<id>:load     lock, see coupon_load_lock.lua
-- ARGV[1]  load id   ARGV[2]  run id of this Redis   ARGV[3]  lease, ms
-- ARGV[4...]  user ids
-- Returns  1: added; 0: the lock is lost, or Redis restarted since: begin anew.
-- O(n): the caller keeps n small enough not to hold up other clients.

local issued, lock = KEYS[1], KEYS[2]

if redis.call('GET', lock) ~= ARGV[1] .. ' ' .. ARGV[2] then
    return 0
end

redis.call('PEXPIRE', lock, ARGV[3])
redis.call('SADD', issued, unpack(ARGV, 4))

-- until coupon_load.lua sets the right one: a load that is given up leaves
-- nothing behind for ever
if redis.call('TTL', issued) == -1 then
    redis.call('EXPIRE', issued, 86400)
end

return 1

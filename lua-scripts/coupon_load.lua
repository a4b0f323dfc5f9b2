-- coupon_load.lua: the end of a load: all holders are in the set.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users
-- KEYS[3]  {bb:<p>}:coupon:<id>:load     lock, see coupon_load_lock.lua
-- ARGV[1]  load id   ARGV[2]  run id of this Redis
-- ARGV[3]  limit   ARGV[4]  start   ARGV[5]  end   ARGV[6]  deleted, 0 or 1
-- ARGV[7]  version of the row read   ARGV[8]  expiry, seconds since the epoch
-- Returns  1: the coupon is loaded; 0: the lock is lost: begin anew.
-- An edit that was faster than this load (a higher version) stays in force.

local coupon, issued, lock = KEYS[1], KEYS[2], KEYS[3]
local load, run_id, version, expire = ARGV[1], ARGV[2], ARGV[7], ARGV[8]

if redis.call('GET', lock) ~= load .. ' ' .. run_id then
    return 0
end

local have = redis.call('HMGET', coupon, 'version', 'expire')

if tonumber(have[1] or 0) > tonumber(version) then
    expire = have[2]
else
    redis.call('HSET', coupon, 'limit', ARGV[3], 'start', ARGV[4],
               'end', ARGV[5], 'deleted', ARGV[6], 'version', version,
               'expire', expire)
end

redis.call('HSET', coupon, 'run_id', run_id, 'load', load)
redis.call('SADD', issued, 'DUMMY')
redis.call('EXPIREAT', coupon, expire)
redis.call('EXPIREAT', issued, expire)
redis.call('DEL', lock)

return 1

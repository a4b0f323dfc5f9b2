-- coupon_put.lua: what an edit has committed, made known to the issue script.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- ARGV[1]  limit   ARGV[2]  start   ARGV[3]  end, dates YYYY-MM-DD
-- ARGV[4]  deleted, 0 or 1          ARGV[5]  version of the coupon's row
-- ARGV[6]  expiry of both keys, seconds since the epoch
-- ARGV[7]  run id of this Redis for a coupon just created, else empty
-- ARGV[8]  load id of the new set; used with a run id only
-- Returns  1: stored; 0: a newer version is there already.
-- A coupon just created has no holders, so its set is made here and is loaded.
-- For another one the set is left as it is: not loaded stays not loaded.

local coupon, issued = KEYS[1], KEYS[2]
local version, expire, run_id = tonumber(ARGV[5]), ARGV[6], ARGV[7]

local have = tonumber(redis.call('HGET', coupon, 'version') or 0)

if have >= version then
    return 0
end

redis.call('HSET', coupon, 'limit', ARGV[1], 'start', ARGV[2], 'end', ARGV[3],
           'deleted', ARGV[4], 'version', ARGV[5], 'expire', expire)

if run_id ~= '' and redis.call('EXISTS', issued) == 0 then
    redis.call('SADD', issued, 'DUMMY')
    redis.call('HSET', coupon, 'run_id', run_id, 'load', ARGV[8])
end

redis.call('EXPIREAT', coupon, expire)
redis.call('EXPIREAT', issued, expire)

return 1

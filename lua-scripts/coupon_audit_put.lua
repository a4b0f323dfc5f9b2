-- coupon_audit_put.lua: what PostgreSQL says of a coupon, instead of what Redis
-- was seen to have, whichever version is the higher.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- ARGV[1]  version seen
-- ARGV[2]  limit   ARGV[3]  start   ARGV[4]  end, dates YYYY-MM-DD
-- ARGV[5]  deleted, 0 or 1          ARGV[6]  version of the coupon's row
-- ARGV[7]  expiry of both keys, seconds since the epoch
-- Returns  1: stored; 0: another version is there meanwhile.
-- Whether the coupon is loaded stays as it is.

local coupon, issued = KEYS[1], KEYS[2]

if redis.call('HGET', coupon, 'version') ~= ARGV[1] then
    return 0
end

redis.call('HSET', coupon, 'limit', ARGV[2], 'start', ARGV[3], 'end', ARGV[4],
           'deleted', ARGV[5], 'version', ARGV[6], 'expire', ARGV[7])
redis.call('EXPIREAT', coupon, ARGV[7])
redis.call('EXPIREAT', issued, ARGV[7])

return 1

-- coupon_audit.lua: what Redis has of a coupon.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- ARGV[1]  run id of this Redis
-- Returns  { 1 if the coupon is loaded in this run, members without DUMMY,
--            limit, start, end, deleted, version, expire }, nil where unknown

local coupon, issued = KEYS[1], KEYS[2]

local c = redis.call('HMGET', coupon, 'limit', 'start', 'end', 'deleted',
                     'version', 'expire', 'run_id')
local sentinel = redis.call('SISMEMBER', issued, 'DUMMY')

local loaded = c[7] == ARGV[1] and sentinel or 0

return { loaded, redis.call('SCARD', issued) - sentinel,
         c[1], c[2], c[3], c[4], c[5], c[6] }

-- coupon_soldout.lua: whether a coupon is sold out, and what it is then.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- ARGV[1]  run id of this Redis
-- Returns  { version, users who hold it, last day } if it is loaded, not
--          deleted, and nothing is left; else nothing.

local c = redis.call('HMGET', KEYS[1],
                     'run_id', 'deleted', 'limit', 'version', 'end')

if c[1] ~= ARGV[1] or c[2] == '1' then
    return {}
end

local holders = redis.call('SCARD', KEYS[2]) - 1

if holders < tonumber(c[3]) or redis.call('SISMEMBER', KEYS[2], 'DUMMY') == 0
then
    return {}
end

return { c[4], holders, c[5] }

-- coupon_ack.lua: claims of one coupon are in PostgreSQL.
-- KEYS[1]  {bb:<p>}:coupon:<id>   hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:claims        stream: claims not yet in PostgreSQL
-- ARGV[1]  load id that granted them   ARGV[2...]  ids of log entries to delete
-- Returns  1, or 0 when Redis lost something since the claim: the set was
--          loaded anew or is not loaded, or an entry was gone.  The holders
--          may then be missing from the set (coupon_holders.lua adds them).

local load = ARGV[1]

if redis.call('XDEL', KEYS[2], unpack(ARGV, 2)) < #ARGV - 1 then
    return 0
end

if redis.call('HGET', KEYS[1], 'load') ~= load then
    return 0
end

return 1

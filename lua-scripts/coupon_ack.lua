-- coupon_ack.lua: what PostgreSQL said of claims of one coupon.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- KEYS[3]  {bb:<p>}:claims               stream: claims not yet in PostgreSQL
-- KEYS[4]  {bb:<p>}:claims:dead          stream: dead letters
-- ARGV[1]  load id that granted them     ARGV[2]  n     ARGV[3]  m
-- ARGV[4...]  n ids of users who were refused: they lose their place
-- then        m dead letters: coupon, claims and reason of each
-- then        ids of log entries to delete
-- Returns  1, or 0 when Redis lost something since the claim: the set was
--          loaded anew or is not loaded, or an entry was gone.  The holders
--          may then be missing from the set (coupon_holders.lua adds them).
-- An entry goes together with the places that it held in vain and comes back as
-- dead letters: if this call is lost, or there is no memory for them, the sweep
-- finds the entry and comes to the same end.

local load, n, m = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local entries = 4 + n + 3 * m

-- first, as it is the only one that needs memory
for i = 4 + n, entries - 1, 3 do
    redis.call('XADD', KEYS[4], '*', 'coupon', ARGV[i], 'claims', ARGV[i + 1],
               'reason', ARGV[i + 2])
end

if n > 0 then
    redis.call('SREM', KEYS[2], unpack(ARGV, 4, n + 3))
end

if redis.call('XDEL', KEYS[3], unpack(ARGV, entries)) < #ARGV - entries + 1 then
    return 0
end

if redis.call('HGET', KEYS[1], 'load') ~= load then
    return 0
end

return 1

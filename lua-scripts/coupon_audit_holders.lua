-- coupon_audit_holders.lua: which holders of a coupon are no members.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash, see coupon_issue.lua
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- ARGV[1]  run id of this Redis    ARGV[2...]  user ids
-- Returns  those who are not in the set; or NOT_LOADED: then nothing follows
--          from who is in it.
-- O(n).  Writes nothing.

local coupon, issued = KEYS[1], KEYS[2]

if redis.call('HGET', coupon, 'run_id') ~= ARGV[1]
   or redis.call('SISMEMBER', issued, 'DUMMY') == 0
then
    return redis.status_reply('NOT_LOADED')
end

local holds = redis.call('SMISMEMBER', issued, unpack(ARGV, 2))
local missing = {}

for i = 1, #holds do
    if holds[i] == 0 then
        missing[#missing + 1] = ARGV[i + 1]
    end
end

return missing

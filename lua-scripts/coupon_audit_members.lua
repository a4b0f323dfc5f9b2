-- coupon_audit_members.lua: which of these users hold a place for which there
-- is no claim in the intent log.
-- KEYS[1]  {bb:<p>}:coupon:<id>:issued   set of users, with DUMMY
-- KEYS[2]  {bb:<p>}:claims               intent log, see coupon_issue.lua
-- ARGV[1]  id of a log entry: up to it the log does not name these users
-- ARGV[2]  the coupon's id    ARGV[3]  1: they lose their place
-- ARGV[4...]  user ids
-- Returns  those users; or AGAIN: too many entries came since, read on.
-- A user is taken to be named also when only a nickname looks like it.

local issued, claims = KEYS[1], KEYS[2]
local last, coupon, remove = ARGV[1], ARGV[2], ARGV[3] == '1'
local MOST = 8

local entries = redis.call('XRANGE', claims, '(' .. last, '+', 'COUNT', MOST)

if #entries == MOST then
    return redis.status_reply('AGAIN')
end

local named = {}

for _, entry in ipairs(entries) do
    local fields = entry[2]

    if fields[2] == coupon and fields[4] then
        for user in string.gmatch(fields[4], '%[%s*(-?%d+)') do
            named[user] = true
        end
    end
end

local holds = redis.call('SMISMEMBER', issued, unpack(ARGV, 4))
local users = {}

for i = 1, #holds do
    if holds[i] == 1 and not named[ARGV[i + 3]] then
        users[#users + 1] = ARGV[i + 3]
    end
end

if remove and #users > 0 then
    redis.call('SREM', issued, unpack(users))
end

return users

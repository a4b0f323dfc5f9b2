-- coupon_issue.lua: claim one coupon for n users, at most once each.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash: limit, start, end, deleted,
--                                        version, expire, run_id, load
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set: ids of users who hold it, DUMMY
-- KEYS[3]  {bb:<p>}:claims               stream: claims not yet in PostgreSQL
-- ARGV[1]  run id of this Redis    ARGV[2]  today, YYYY-MM-DD
-- ARGV[3]  the coupon's id
-- ARGV[4...]  for each user: id, then the claim's record (JSON, opaque here)
-- Returns  NOT_LOADED, DELETED, EXPIRED or NOT_STARTED for all; or
--          { verdicts, version, how many are left }; the verdicts are one
--          letter per user in order: I issued, A has it already, S sold out;
--          and when there is an I, two more:
--          id of the log entry, load id of the set
-- One log entry for all who are issued: coupon, claims (JSON array of records).
-- O(n).  No write unless somebody is issued.

local coupon, issued, claims = KEYS[1], KEYS[2], KEYS[3]
local run_id, today, id = ARGV[1], ARGV[2], ARGV[3]

local c = redis.call('HMGET', coupon,
                     'run_id', 'deleted', 'end', 'start', 'limit', 'load',
                     'version')

if c[1] ~= run_id then
    return redis.status_reply('NOT_LOADED')
end

if c[2] == '1' then
    return redis.status_reply('DELETED')
end

if c[3] < today then
    return redis.status_reply('EXPIRED')
end

if c[4] > today then
    return redis.status_reply('NOT_STARTED')
end

local users, records = { 'DUMMY' }, {}

for i = 4, #ARGV, 2 do
    users[#users + 1] = ARGV[i]
    records[#records + 1] = ARGV[i + 1]
end

-- the sentinel is not among the members: the set was lost
local holds = redis.call('SMISMEMBER', issued, unpack(users))

if holds[1] == 0 then
    return redis.status_reply('NOT_LOADED')
end

-- the sentinel counts as a member
local left = tonumber(c[5]) + 1 - redis.call('SCARD', issued)

local verdicts, winners, entry, taken = {}, {}, {}, {}

for i = 2, #users do
    local user = users[i]

    if holds[i] == 1 or taken[user] then
        verdicts[i - 1] = 'A'
    elseif left < 1 then
        verdicts[i - 1] = 'S'
    else
        verdicts[i - 1] = 'I'
        left = left - 1
        taken[user] = true
        winners[#winners + 1] = user
        entry[#entry + 1] = records[i - 1]
    end
end

local answer = table.concat(verdicts)

if #winners == 0 then
    return { answer, c[7], left }
end

redis.call('SADD', issued, unpack(winners))

local logged = redis.call('XADD', claims, '*', 'coupon', id,
                          'claims', '[' .. table.concat(entry, ',') .. ']')

return { answer, c[7], left, logged, c[6] }

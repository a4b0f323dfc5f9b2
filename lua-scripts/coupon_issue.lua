-- coupon_issue.lua: claim one coupon for n users, at most once each.
-- KEYS[1]  {bb:<p>}:coupon:<id>          hash: limit, start, end, deleted,
--                                        version, expire, run_id, load
-- KEYS[2]  {bb:<p>}:coupon:<id>:issued   set: ids of users who hold it, DUMMY
-- KEYS[3]  {bb:<p>}:claims               stream: claims not yet in PostgreSQL
-- ARGV[1]  run id of this Redis    ARGV[2]  today, YYYY-MM-DD
-- ARGV[3]  the coupon's id
-- ARGV[4]  the claims' records (JSON, opaque here), in the order of the users,
--          with a comma and a newline between two; a record has no newline
-- ARGV[5...]  the users' ids
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

-- the sentinel is not among the members: the set was lost
local holds = redis.call('SMISMEMBER', issued, 'DUMMY', unpack(ARGV, 5))

if holds[1] == 0 then
    return redis.status_reply('NOT_LOADED')
end

-- the sentinel counts as a member
local left = tonumber(c[5]) + 1 - redis.call('SCARD', issued)

local n = #ARGV - 4
local verdicts, winners, taken = {}, {}, {}

for i = 1, n do
    local user = ARGV[i + 4]

    if holds[i + 1] == 1 or taken[user] then
        verdicts[i] = 'A'
    elseif left < 1 then
        verdicts[i] = 'S'
    else
        verdicts[i] = 'I'
        left = left - 1
        taken[user] = true
        winners[#winners + 1] = user
    end
end

local answer = table.concat(verdicts)

if #winners == 0 then
    return { answer, c[7], left }
end

-- nearly always all win, and the records go on as they came
local records = ARGV[4]

if #winners < n then
    local entry, i = {}, 0

    for record in string.gmatch(records, '[^\n]+') do
        i = i + 1
        if verdicts[i] == 'I' then
            entry[#entry + 1] = i < n and string.sub(record, 1, -2) or record
        end
    end

    records = table.concat(entry, ',\n')
end

redis.call('SADD', issued, unpack(winners))

local logged = redis.call('XADD', claims, '*', 'coupon', id,
                          'claims', '[' .. records .. ']')

return { answer, c[7], left, logged, c[6] }

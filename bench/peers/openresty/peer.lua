-- peer.lua: the coupon draw, and a few other endpoints, in OpenResty's way.

local cjson = require "cjson"
local redis = require "nginx.redis"
local pg = require "pg"

local byte, sub, find, match, format = string.byte, string.sub, string.find,
                                       string.match, string.format
local type, tonumber, tostring, floor = type, tonumber, tostring, math.floor
local ngx, null = ngx, ngx.null
local var, header, print, exit = ngx.var, ngx.header, ngx.print, ngx.exit
local read_body, get_body_data = ngx.req.read_body, ngx.req.get_body_data
local get_body_file = ngx.req.get_body_file
local today, now, re_find = ngx.today, ngx.now, ngx.re.find
local escape = cjson.encode
local decode = cjson.decode

local _M = {}

local REDIS_TIMEOUT = 3000          -- ms
local REDIS_IDLE = 60000

-- connections to Redis that a worker keeps, and connections to PostgreSQL of all
-- workers together, with and without the trigger that counts: see ../README.md
local REDIS_POOL = 2048
local PG_POOL, PG_POOL_UNCOUNTED = 4, 32

local script, sha, db, redis_host, redis_port, redis_options, ack_commit

-- run id of the Redis process to which the pooled connections lead
local run_id


-- Answers.  Cache-Control is the configuration's.

local INVALID = "요청한 값이 올바르지 않습니다."


local function envelope(message, code)
    return '{"data":null,"message":"' .. message .. '","errorCode":"' .. code
           .. '","result":"FAIL"}'
end


local function fail(message)
    return envelope(message, "CE-01")
end


local UNAVAILABLE =
    envelope("일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.",
             "COMMON_SYSTEM_ERROR")

local UNKNOWN = fail("해당 쿠폰이 존재하지 않습니다.")
local ALREADY = fail("이미 발급받은 쿠폰입니다.")

-- the script's verdicts, for one user or for all
local VERDICTS = {
    A = ALREADY,
    S = fail("준비된 쿠폰이 모두 소진되었습니다."),
    DELETED = fail("해당 쿠폰은 관리자에 의해 삭제되었습니다."),
    EXPIRED = fail("기한이 만료된 쿠폰입니다."),
    NOT_STARTED = fail("아직 발급할 수 없는 쿠폰입니다."),
}

-- the statements' failures
local FAILURES = {
    cargo_not_found = fail("해당 가게는 해당 꽃 재고를 등록하지 않았습니다"),
    stock_negative = fail("재고는 음수가 될 수 없습니다."),
    stock_failed = fail("재고차감 변경에 실패했습니다."),
}


local function void()
    header.content_length = 0
    return exit(200)
end


local function answer(body)
    header.content_type = "application/json"
    header.content_length = #body
    print(body)
end


local function invalid(reason)
    ngx.status = 400
    return answer(envelope(INVALID .. " " .. reason, "COMMON_INVALID_PARAMETER"))
end


local function unavailable(err)
    ngx.log(ngx.ERR, "unavailable: ", err)
    ngx.status = 503
    header["Retry-After"] = 1
    return answer(UNAVAILABLE)
end


-- Inputs

-- A decimal 64-bit integer in its shortest form, or nil.
local function integer(text)
    if #text <= 18 and find(text, "^[1-9]%d*$") then
        return text
    end

    local sign, digits = match(text, "^([+-]?)0*(%d+)$")

    if not digits or #digits > 19 then
        return nil
    end

    if digits == "0" then
        return "0"
    end

    sign = sign == "-" and "-" or ""

    if #digits == 19
       and digits > "9223372036854775807"
       and not (sign == "-" and digits == "9223372036854775808")
    then
        return nil
    end

    return sign .. digits
end


local function user_id()
    local value = var.http_userid

    if not value or value == "" then
        return nil, "userId header is required"
    end

    local user = integer(value)

    if not user then
        return nil, "userId header is not a 64-bit integer"
    end

    return user
end


-- The body of a request as bytes; client_body_buffer_size holds what is usual.
local function body_data()
    read_body()

    local data = get_body_data()

    if data then
        return data
    end

    local name = get_body_file()
    local file = name and io.open(name, "rb")

    if not file then
        return nil
    end

    data = file:read("*a")
    file:close()

    return data
end


-- A member of the body as text, or nil and why it is none.
local function text(body, name)
    local value = body[name]

    if type(value) ~= "string" then
        if value == nil or value == null then
            return nil, name .. " cannot be null"
        end

        if type(value) == "table" then
            return nil, name .. " is not a text"
        end

        value = tostring(value)
    end

    if find(value, "[%z\128-\255]") then
        -- PCRE refuses what is no UTF-8
        if find(value, "\0", 1, true) or not re_find(value, "^", "ou") then
            return nil, name .. " is not a text"
        end

        if #value > 255 and not re_find(value, "^.{0,255}$", "jous") then
            return nil, name .. " is too long"
        end

    elseif #value > 255 then
        return nil, name .. " is too long"
    end

    return value
end


-- Redis

-- The keys of a coupon, kept as long as there are not too many.
local MOST_KEYS = 10000
local keys, known_keys = {}, 0


local function coupon_keys(coupon)
    local entry = keys[coupon]

    if entry then
        return entry
    end

    -- 10^6 is a multiple of 64
    local partition = tonumber(match(coupon, "(%d%d?%d?%d?%d?%d?)$")) % 64

    if byte(coupon) == 45 then
        partition = -partition % 64
    end

    local tag = "{bb:" .. partition .. "}"
    local hash = tag .. ":coupon:" .. coupon

    entry = { hash, hash .. ":issued", tag .. ":claims" }

    if known_keys == MOST_KEYS then
        keys, known_keys = {}, 0
    end

    keys[coupon] = entry
    known_keys = known_keys + 1

    return entry
end


local function connect()
    local red = redis:new()

    red:set_timeout(REDIS_TIMEOUT)

    local ok, err = red:connect(redis_host, redis_port, redis_options)

    if not ok then
        return nil, err
    end

    -- a new connection may lead to a new process
    if red:get_reused_times() == 0 then
        local info

        info, err = red:info("server")

        if not info then
            red:close()
            return nil, err
        end

        run_id = match(info, "run_id:(%w+)")
    end

    return red
end


-- The script's answer, or nil and an error.
local function claim(coupon, user, record)
    local red, err = connect()

    if not red then
        return nil, err
    end

    local k = coupon_keys(coupon)
    local day = today()

    local res
    res, err = red:evalsha(sha, 3, k[1], k[2], k[3], run_id, day, coupon,
                           record, user)

    if res == false and find(err, "^NOSCRIPT") then
        res, err = red:eval(script, 3, k[1], k[2], k[3], run_id, day, coupon,
                            record, user)
    end

    if res == nil then
        red:close()                  -- the connection is lost or late
        return nil, err
    end

    red:set_keepalive(REDIS_IDLE)

    if not res then
        return nil, err
    end

    return res
end


-- A number for each claim, as the module makes them: milliseconds shifted left by
-- 20 bits, a tag of 10 bits for the worker, 10 bits to tell claims of one
-- millisecond apart.  As Lua's numbers have 53 bits, the last three decimal digits
-- are made apart from the others.
local claim_tag, claim_last, claim_count


local function claim_id()
    local ms = floor(now() * 1000)

    if ms > claim_last then
        claim_last, claim_count = ms, 0

    else
        claim_count = claim_count + 1

        if claim_count == 1024 then
            claim_last, claim_count = claim_last + 1, 0
        end
    end

    local low = claim_last % 1000 * 1048576 + claim_tag * 1024 + claim_count
    local thousands = floor(claim_last / 1000) * 1048576 + floor(low / 1000)

    return format("%.0f%03d", thousands, low % 1000)
end


-- Endpoints

-- POST /stores/coupons/{couponId}
function _M.draw()
    local user, reason = user_id()

    if not user then
        return invalid(reason)
    end

    local coupon = integer(match(var.uri, "^/stores/coupons/([^/]+)/?$") or "")

    if not coupon then
        return invalid("couponId is not a 64-bit integer")
    end

    local data = body_data()

    if not data then
        return invalid("the body is empty")
    end

    local ok, body = pcall(decode, data)

    if not ok or type(body) ~= "table" then
        return invalid("the body is not a JSON object")
    end

    local nickname, phone

    nickname, reason = text(body, "nickname")

    if nickname then
        phone, reason = text(body, "phoneNumber")
    end

    if not phone then
        return invalid(reason)
    end

    local id = claim_id()
    local record = "[" .. user .. "," .. escape(nickname) .. ","
                   .. escape(phone) .. "," .. id .. "]"

    local res, err = claim(coupon, user, record)

    if not res then
        return unavailable(err)
    end

    if type(res) ~= "table" then
        if res ~= "NOT_LOADED" then
            return answer(VERDICTS[res])
        end

        -- to load it is another service's business; whether it exists at all is
        -- PostgreSQL's to say
        local rows

        rows, err = db:query("known", 1, coupon)

        if rows and not rows[1] then
            return answer(UNKNOWN)
        end

        return unavailable(rows and "the coupon is not loaded" or err)
    end

    if res[1] ~= "I" then
        return answer(VERDICTS[res[1]])
    end

    if ack_commit then
        local rows, stored = db:query("issue", 5, coupon, user, nickname, phone,
                                      id)

        if not rows then
            return unavailable(stored)
        end

        if stored == 0 then
            return answer(ALREADY)
        end
    end

    return void()
end


-- A statement's answer: failure, data.
local function reply(rows, err, code)
    if not rows then
        -- a value that the statement could not read
        if code and sub(code, 1, 2) == "22" then
            return invalid("a value is out of range")
        end

        return unavailable(err)
    end

    local row = rows[1]

    if row[1] then
        return answer(FAILURES[row[1]])
    end

    return answer('{"data":' .. (row[2] or "null")
                  .. ',"message":null,"errorCode":null,"result":"SUCCESS"}')
end


-- GET /stores/coupons/my
function _M.my()
    local user, reason = user_id()

    if not user then
        return invalid(reason)
    end

    return reply(db:query("my", 2, user, today()))
end


local function paging(value, least, default)
    local n = value and find(value, "^%d+$") and tonumber(value)

    return n and n >= least and n or default
end


-- GET /stores/list, as nobody sees it
function _M.list()
    local page = paging(var.arg_page, 0, 0)
    local size = paging(var.arg_size, 1, 20)

    if size > 2000 then
        size = 2000
    end

    return reply(db:query("list", 2, tostring(size),
                          format("%.0f", page * size)))
end


local function whole(value)
    return type(value) == "number" and value % 1 == 0
end


-- What change_stock() takes for granted.
local function changes_valid(changes)
    if type(changes) ~= "table" or changes[1] == nil and next(changes) then
        return false
    end

    for _, change in ipairs(changes) do
        if type(change) ~= "table" or not whole(change.storeId)
           or type(change.stockDtos) ~= "table"
        then
            return false
        end

        for _, dto in ipairs(change.stockDtos) do
            if type(dto) ~= "table" or not whole(dto.flowerId)
               or not whole(dto.stock)
            then
                return false
            end
        end
    end

    return true
end


-- PUT /client/stores/flowers/stocks/subtract
function _M.subtract()
    local data = body_data()
    local ok, changes = pcall(decode, data)

    if not data or not ok or not changes_valid(changes) then
        return invalid("the body is not a list of changes")
    end

    return reply(db:query("subtract", 2, data, var.http_idempotency_key))
end


-- Start

local function file(root, name)
    local f = assert(io.open(root .. "/" .. name, "rb"))
    local data = f:read("*a")

    f:close()

    return data
end


-- Called in the master, before there are workers.  env tells a variable of the
-- environment.
function _M.start(env)
    local root = env("BB_ROOT")
    local zone = env("TZ")
    local pool = env("BB_PEER_PG_POOL")
                 or env("BB_PEER_COUNT") == "0" and PG_POOL_UNCOUNTED or PG_POOL

    script = file(root, "lua-scripts/coupon_issue.lua")
    sha = ngx.sha1_bin(script):gsub(".", function (c)
        return format("%02x", byte(c))
    end)

    redis_host, redis_port = env("BB_REDIS"):match("^(.*):(%d+)$")
    redis_options = {
        pool = "redis",
        pool_size = tonumber(env("BB_PEER_REDIS_POOL") or REDIS_POOL),
    }

    ack_commit = env("BB_ACK") == "commit"

    db = pg.new{
        host = env("BB_PGHOST"), port = env("BB_PGPORT"),
        user = env("BB_PGUSER"), database = env("BB_PGDATABASE"),
        pool = math.ceil(pool / env("BB_WORKERS")),
        settings = { TimeZone = zone ~= "" and zone or nil,
                     client_encoding = "UTF8" },
        statements = {
            issue = file(root, "bench/peers/issue.sql"),
            known = "SELECT FROM coupon WHERE id = $1::bigint",
            my = file(root, "sql/coupon/my.sql"),
            list = file(root, "sql/store/list.sql"),
            subtract = file(root, "sql/cargo/subtract.sql"),
        },
    }
end


-- Called in each worker.
function _M.start_worker()
    claim_tag = (ngx.worker.pid() * 31 + ngx.worker.id()) % 1024
    claim_last, claim_count = 0, 0
end


return _M

-- pg.lua: a small PostgreSQL client on nginx's cosockets.
--
--   local db = pg.new{ host =, port =, user =, database =, pool =,
--                      settings = { name = value }, statements = { name = sql } }
--   local rows, n, code = db:query(name, count, value, ...)
--
-- Protocol 3.0 with trust authentication.  Every statement is prepared once on a
-- new connection; a query is Bind, Execute and Sync in one send, so that it is a
-- transaction of its own, and what it answers up to ReadyForQuery is read with as
-- few calls as the answer allows, mostly one.  Values and results are text; nil
-- and false stand for NULL.
--
-- Connections wait in nginx's pool.  At most `pool` of them exist in a worker, and
-- requests queue for one at a semaphore.  (The queue that cosockets have of their
-- own, `backlog`, gives a connection that was just put back to whoever comes, and
-- the request that it has woken for it makes a new one: under load it opened twice
-- as many as the pool holds, and closed them again.)

local byte, sub, char, find = string.byte, string.sub, string.char, string.find
local floor, tonumber, select, pairs = math.floor, tonumber, select, pairs
local semaphore = require "ngx.semaphore"

local tcp = ngx.socket.tcp

local _M = {}
local mt = { __index = _M }

local WAIT = 3                      -- s, for a free connection
local CONNECT_TIMEOUT = 3000        -- ms
local SEND_TIMEOUT = 3000
local READ_TIMEOUT = 5000
local IDLE_TIMEOUT = 60000
local CHUNK = 16384

local PROTOCOL = "\0\3\0\0"
local SYNC = "S\0\0\0\4"
-- results as text, the unnamed portal, all rows
local EXECUTE = "\0\0" .. "E\0\0\0\9\0\0\0\0\0" .. SYNC
local NULL = "\255\255\255\255"


local function int32(n)
    return char(floor(n / 16777216) % 256, floor(n / 65536) % 256,
                floor(n / 256) % 256, n % 256)
end


local small = {}

for n = 0, 1023 do
    small[n] = int32(n)
end


local function number(data, at)
    local a, b, c, d = byte(data, at, at + 3)

    return ((a * 256 + b) * 256 + c) * 256 + d
end


local function message(kind, body)
    return kind .. int32(#body + 4) .. body
end


function _M.new(options)
    local heads, names, parses = {}, {}, {}

    for name, sql in pairs(options.statements) do
        names[#names + 1] = name
        -- no types of parameters are given: the statement has them as casts
        parses[#names] = message("P", name .. "\0" .. sql .. "\0\0\0") .. SYNC
        -- the unnamed portal, the statement, formats of parameters: all text
        heads[name] = "\0" .. name .. "\0\0\0"
    end

    local startup = PROTOCOL .. "user\0" .. options.user .. "\0database\0"
                    .. options.database .. "\0"

    for name, value in pairs(options.settings or {}) do
        startup = startup .. name .. "\0" .. value .. "\0"
    end

    startup = startup .. "\0"

    local host, port = options.host, tonumber(options.port)

    if byte(host) == 47 then                     -- the folder of a unix socket
        host, port = "unix:" .. host .. "/.s.PGSQL." .. port, nil
    end

    return setmetatable({
        host = host, port = port, heads = heads, names = names, parses = parses,
        startup = int32(#startup + 4) .. startup,
        options = { pool = "pg", pool_size = options.pool },
        free = semaphore.new(options.pool),
    }, mt)
end


-- The fields of an ErrorResponse that matter: SQLSTATE, and the text.
local function failure(data, at, last)
    local code, text = "", ""

    while at < last do
        local stop = find(data, "\0", at, true)
        local kind = byte(data, at)

        if kind == 67 then                       -- 'C'
            code = sub(data, at + 1, stop - 1)

        elseif kind == 77 then                   -- 'M'
            text = sub(data, at + 1, stop - 1)
        end

        at = stop + 1
    end

    return code, text
end


local function row(data, at)
    local n = byte(data, at) * 256 + byte(data, at + 1)
    local values = {}

    at = at + 2

    for i = 1, n do
        local size = number(data, at)

        at = at + 4

        if size == 0xffffffff then
            values[i] = false

        else
            values[i] = sub(data, at, at + size - 1)
            at = at + size
        end
    end

    return values
end


-- Reads until `ready` times ReadyForQuery.  Returns the rows and the number in
-- the command's tag; or nil, the server's text and its SQLSTATE; or nil and what
-- is wrong with the connection, which is then of no more use.
local function receive(sock, ready)
    local data, err = sock:receiveany(CHUNK)

    if not data then
        return nil, err
    end

    local at, rows, tag, text, code = 1, {}, 0, nil, nil

    while true do
        local have = #data - at + 1
        local size = have >= 5 and number(data, at + 1) + 1 or 5
        local more

        if have < size then
            -- the rest of a message whose length is known is asked for as such
            if have >= 5 then
                more, err = sock:receive(size - have)
            else
                more, err = sock:receiveany(CHUNK)
            end

            if not more then
                return nil, err
            end

            data, at = sub(data, at) .. more, 1

        else
            local kind, body = byte(data, at), at + 5

            at = at + size

            if kind == 90 then                   -- 'Z', ReadyForQuery
                ready = ready - 1

                if ready == 0 then
                    if at <= #data then
                        return nil, "more than was asked for"
                    end

                    if text then
                        return nil, text, code
                    end

                    return rows, tag
                end

            elseif kind == 68 then               -- 'D', DataRow
                rows[#rows + 1] = row(data, body)

            elseif kind == 67 then               -- 'C', CommandComplete
                local _, last = find(data, "^[%u ]+[%d ]* ", body)

                tag = last and tonumber((data:match("^%d+", last + 1))) or 0

            elseif kind == 69 then               -- 'E', ErrorResponse
                code, text = failure(data, body, at - 1)

            elseif kind == 82 and number(data, body) ~= 0 then
                return nil, "the server asks for a password"
            end
        end
    end
end


local function connect(self)
    local sock = tcp()

    sock:settimeouts(CONNECT_TIMEOUT, SEND_TIMEOUT, READ_TIMEOUT)

    local ok, err

    if self.port then
        ok, err = sock:connect(self.host, self.port, self.options)
    else
        ok, err = sock:connect(self.host, self.options)
    end

    if not ok then
        return nil, err
    end

    if sock:getreusedtimes() > 0 then
        return sock
    end

    ok, err = sock:send(self.startup)

    if ok then
        ok, err = receive(sock, 1)
    end

    if ok then
        ok, err = sock:send(self.parses)
    end

    if ok then
        ok, err = receive(sock, #self.names)
    end

    if not ok then
        sock:close()
        return nil, err
    end

    return sock
end


local function execute(self, name, count, ...)
    local sock, err = connect(self)

    if not sock then
        return nil, err
    end

    local head = self.heads[name]
    local size = 4 + #head + 2 + 4 * count + 2
    local parts = { "B", false, head, sub(small[count], 3) }
    local n = 4

    for i = 1, count do
        local value = select(i, ...)

        if value then
            local len = #value

            parts[n + 1] = small[len] or int32(len)
            parts[n + 2] = value
            n = n + 2
            size = size + len

        else
            n = n + 1
            parts[n] = NULL
        end
    end

    parts[2] = small[size] or int32(size)
    parts[n + 1] = EXECUTE

    local ok

    ok, err = sock:send(parts)

    if not ok then
        sock:close()
        return nil, err
    end

    local rows, tag, code = receive(sock, 1)

    -- not where the connection is broken, or has forgotten the statement
    if rows or code and code ~= "26000" then
        sock:setkeepalive(IDLE_TIMEOUT)
    else
        sock:close()
    end

    return rows, tag, code
end


-- Runs a prepared statement with count values.  Returns the rows, each a list of
-- texts with false for NULL, and the number of rows that the command's tag tells;
-- or nil, a text, and the SQLSTATE if the server refused.  Without one it is not
-- known whether the statement was executed.
function _M.query(self, name, count, ...)
    local free = self.free
    local ok, err = free:wait(WAIT)

    if not ok then
        return nil, err
    end

    local rows, tag, code = execute(self, name, count, ...)

    free:post(1)

    return rows, tag, code
end


return _M

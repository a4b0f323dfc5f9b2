// server.js: the coupon draw, and a few other endpoints, in Node.js' way.

'use strict';

const fs = require('fs');
const path = require('path');
const fastify = require('fastify');
const Redis = require('ioredis');

const postgres = require('./postgres');
const turn = require('./turn');

const ROOT = path.resolve(__dirname, '../../..');
const env = process.env;

const TIMEOUT = 3000;               // ms
// connections to PostgreSQL of all workers together, see ../README.md
const PG_POOL = env.BB_PEER_PG_POOL || (env.BB_PEER_COUNT === '0' ? 16 : 2);

// ioredis' own pipelining instead of ours, see ../README.md
const AUTO = env.BB_PEER_AUTO_PIPELINE === '1';

const commit = env.BB_ACK === 'commit';

let redis;
let runId = null;                   // of the Redis process that is connected
let db;


// Answers

const INVALID = '요청한 값이 올바르지 않습니다.';

const envelope = (message, code) => Buffer.from(`{"data":null,"message":"${
    message}","errorCode":"${code}","result":"FAIL"}`);

const fail = (message) => envelope(message, 'CE-01');

const UNAVAILABLE =
    envelope('일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.',
             'COMMON_SYSTEM_ERROR');

const UNKNOWN = fail('해당 쿠폰이 존재하지 않습니다.');
const ALREADY = fail('이미 발급받은 쿠폰입니다.');

// the script's verdicts, for one user or for all
const VERDICTS = {
    A: ALREADY,
    S: fail('준비된 쿠폰이 모두 소진되었습니다.'),
    DELETED: fail('해당 쿠폰은 관리자에 의해 삭제되었습니다.'),
    EXPIRED: fail('기한이 만료된 쿠폰입니다.'),
    NOT_STARTED: fail('아직 발급할 수 없는 쿠폰입니다.'),
};

// the statements' failures
const FAILURES = {
    cargo_not_found: fail('해당 가게는 해당 꽃 재고를 등록하지 않았습니다'),
    stock_negative: fail('재고는 음수가 될 수 없습니다.'),
    stock_failed: fail('재고차감 변경에 실패했습니다.'),
};


function empty(reply) {
    reply.header('cache-control', 'no-store').send();
}


// A Buffer: fastify would add a charset to the type of a string.
function answer(reply, body) {
    reply.header('cache-control', 'no-store')
        .header('content-type', 'application/json').send(body);
}


function invalid(reply, reason, status = 400) {
    reply.code(status);
    answer(reply, envelope(`${INVALID} ${reason}`, 'COMMON_INVALID_PARAMETER'));
}


function unavailable(reply, err) {
    console.error(`unavailable: ${err.message}`);
    reply.code(503).header('retry-after', '1');
    answer(reply, UNAVAILABLE);
}


// Inputs

// A decimal 64-bit integer in its shortest form, or null.
function integer(text) {
    if (text.length <= 18 && /^[1-9][0-9]*$/.test(text)) {
        return text;
    }

    const parts = /^([+-]?)0*([0-9]+)$/.exec(text);

    if (parts === null || parts[2].length > 19) {
        return null;
    }

    const n = BigInt(parts[2]) * (parts[1] === '-' ? -1n : 1n);

    return n === BigInt.asIntN(64, n) ? n.toString() : null;
}


// The caller, or null: then it has been answered.
function caller(request, reply) {
    const value = request.headers.userid;

    if (value === undefined || value === '') {
        invalid(reply, 'userId header is required');
        return null;
    }

    const user = integer(value);

    if (user === null) {
        invalid(reply, 'userId header is not a 64-bit integer');
    }

    return user;
}


// A member of the body as text, or null: then it has been answered.
function text(reply, body, name) {
    let value = body[name];

    if (typeof value !== 'string') {
        if (value === undefined || value === null) {
            invalid(reply, `${name} cannot be null`);
            return null;
        }

        if (typeof value === 'object') {
            invalid(reply, `${name} is not a text`);
            return null;
        }

        value = String(value);
    }

    // no zero, no half of a pair
    if (/[\0\p{Surrogate}]/u.test(value)) {
        invalid(reply, `${name} is not a text`);
        return null;
    }

    if (value.length > 255 && Array.from(value).length > 255) {
        invalid(reply, `${name} is too long`);
        return null;
    }

    return value;
}


// Today in the service's zone, made once a second.
let dayMade = 0;
let day = '';

function today() {
    const second = Math.floor(Date.now() / 1000);

    if (second !== dayMade) {
        const d = new Date();
        const two = (n) => String(n).padStart(2, '0');

        dayMade = second;
        day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
    }

    return day;
}


// A number for each claim, as the module makes them: milliseconds shifted left by
// 20 bits, a tag of 10 bits for the worker, 10 bits to tell claims of one
// millisecond apart.  As numbers have 53 bits, the last three decimal digits are
// made apart from the others.
const claimTag = process.pid % 1024;
let claimLast = 0;
let claimCount = 0;

function claimId() {
    const ms = Date.now();

    if (ms > claimLast) {
        claimLast = ms;
        claimCount = 0;

    } else if (++claimCount === 1024) {
        claimLast++;
        claimCount = 0;
    }

    const low = claimLast % 1000 * 1048576 + claimTag * 1024 + claimCount;
    const thousands = Math.floor(claimLast / 1000) * 1048576
        + Math.floor(low / 1000);

    return `${thousands}${String(low % 1000).padStart(3, '0')}`;
}


// The keys of a coupon, kept as long as there are not too many.
const MOST_KEYS = 10000;
const keys = new Map();

function couponKeys(coupon) {
    let entry = keys.get(coupon);

    if (entry === undefined) {
        const partition = BigInt.asUintN(6, BigInt(coupon));
        const tag = `{bb:${partition}}`;
        const hash = `${tag}:coupon:${coupon}`;

        if (keys.size === MOST_KEYS) {
            keys.clear();
        }

        entry = [hash, `${hash}:issued`, `${tag}:claims`];
        keys.set(coupon, entry);
    }

    return entry;
}


// Endpoints

// POST /stores/coupons/{couponId}
function draw(request, reply) {
    const user = caller(request, reply);

    if (user === null) {
        return;
    }

    const coupon = integer(request.params.coupon);

    if (coupon === null) {
        invalid(reply, 'couponId is not a 64-bit integer');
        return;
    }

    const body = request.body;

    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        invalid(reply, 'the body is not a JSON object');
        return;
    }

    const nickname = text(reply, body, 'nickname');
    const phone = nickname === null ? null : text(reply, body, 'phoneNumber');

    if (phone === null) {
        return;
    }

    const k = couponKeys(coupon);
    const id = claimId();
    const record = `[${user},${JSON.stringify(nickname)},${
        JSON.stringify(phone)},${id}]`;

    if (runId === null) {
        unavailable(reply, new Error('redis is not connected'));
        return;
    }

    if (!AUTO) {
        turn.hold(redis.stream);
    }

    redis.issue(k[0], k[1], k[2], runId, today(), coupon, record, user,
        (err, res) => {
            if (err) {
                unavailable(reply, err);

            } else if (res[0] === 'I') {
                granted(reply, [coupon, user, nickname, phone, id]);

            } else if (typeof res !== 'string') {
                answer(reply, VERDICTS[res[0]]);

            } else if (res !== 'NOT_LOADED') {
                answer(reply, VERDICTS[res]);

            } else {
                notLoaded(reply, coupon);
            }
        });
}


function granted(reply, row) {
    if (!commit) {
        empty(reply);
        return;
    }

    db.query(statements.issue, row, (err, res) => {
        if (err) {
            unavailable(reply, err);

        } else if (res.rowCount === 0) {
            answer(reply, ALREADY);

        } else {
            empty(reply);
        }
    });
}


// To load a coupon is another service's business; whether it exists at all is
// PostgreSQL's to say.
function notLoaded(reply, coupon) {
    db.query(statements.known, [coupon], (err, res) => {
        if (err || res.rowCount > 0) {
            unavailable(reply, err || new Error('the coupon is not loaded'));
        } else {
            answer(reply, UNKNOWN);
        }
    });
}


// Answers with a statement's failure or data.
function run(reply, statement, values) {
    db.query(statement, values, (err, res) => {
        if (err) {
            // a value that the statement could not read
            if (err.code && err.code.startsWith('22')) {
                invalid(reply, 'a value is out of range');
            } else {
                unavailable(reply, err);
            }

            return;
        }

        const { failure, data } = res.rows[0];

        if (failure !== null) {
            answer(reply, FAILURES[failure]);
            return;
        }

        answer(reply, Buffer.from(`{"data":${
            data},"message":null,"errorCode":null,"result":"SUCCESS"}`));
    });
}


// GET /stores/coupons/my
function my(request, reply) {
    const user = caller(request, reply);

    if (user !== null) {
        run(reply, statements.my, [user, today()]);
    }
}


function paging(value, least, standard) {
    const n = /^[0-9]+$/.test(value) ? Number(value) : standard;

    return n >= least && Number.isSafeInteger(n) ? n : standard;
}


// GET /stores/list, as nobody sees it
function list(request, reply) {
    const page = paging(request.query.page, 0, 0);
    const size = Math.min(paging(request.query.size, 1, 20), 2000);

    run(reply, statements.list, [size, BigInt(page) * BigInt(size)]);
}


// What change_stock() takes for granted.
function changesValid(changes) {
    return Array.isArray(changes) && changes.every((change) =>
        change !== null && Number.isInteger(change.storeId)
        && Array.isArray(change.stockDtos)
        && change.stockDtos.every((dto) =>
            dto !== null && Number.isInteger(dto.flowerId)
            && Number.isInteger(dto.stock)));
}


// PUT /client/stores/flowers/stocks/subtract
function subtract(request, reply) {
    if (!changesValid(request.body)) {
        invalid(reply, 'the body is not a list of changes');
        return;
    }

    run(reply, statements.subtract,
        [request.rawBody, request.headers['idempotency-key'] || null]);
}


// Start

const file = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

const statements = Object.fromEntries(Object.entries({
    issue: file('bench/peers/issue.sql'),
    known: 'SELECT FROM coupon WHERE id = $1::bigint',
    my: file('sql/coupon/my.sql'),
    // data is text there, and json is not to be parsed here either
    list: file('sql/store/list.sql'),
    subtract: file('sql/cargo/subtract.sql'),
}).map(([name, sql]) => [name, { name, text: sql }]));


function connectRedis() {
    const [, host, port] = /^(.*):([0-9]+)$/.exec(env.BB_REDIS);

    redis = new Redis({
        host,
        port: Number(port),
        enableAutoPipelining: AUTO,
        enableOfflineQueue: false,
        // what was sent and has no answer is unknown, and not sent again
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        socketTimeout: TIMEOUT,
        retryStrategy: (times) => Math.min(50 * times, 500),
    });

    redis.defineCommand('issue', {
        numberOfKeys: 3,
        lua: file('lua-scripts/coupon_issue.lua'),
    });

    redis.on('error', (err) => console.error(`redis: ${err.message}`));
    redis.on('close', () => { runId = null; });

    // each connection may lead to another process
    return new Promise((resolve) => redis.on('ready', () => {
        redis.info('server').then((info) => {
            runId = /run_id:(\w+)/.exec(info)[1];
            resolve();
        }, () => {});
    }));
}


function routes(app) {
    app.removeAllContentTypeParsers();

    const parse = (request, body, done) => {
        let value;

        try {
            value = JSON.parse(body);
        } catch (err) {
            err.statusCode = 400;
            err.reason = 'the body is not JSON';
            done(err);
            return;
        }

        done(null, value);
    };

    const options = { parseAs: 'string' };

    app.decorateRequest('rawBody', null);
    app.addContentTypeParser('application/json', options, (request, body, done) => {
        request.rawBody = body;
        parse(request, body, done);
    });

    // a body without a type is taken as JSON
    app.addContentTypeParser('*', options, (request, body, done) => {
        if (request.headers['content-type']) {
            done(Object.assign(new Error(), { statusCode: 415,
                reason: 'the body is not JSON' }));
            return;
        }

        request.rawBody = body;
        parse(request, body, done);
    });

    app.setErrorHandler((err, request, reply) => {
        if (err.statusCode >= 400 && err.statusCode < 500) {
            invalid(reply, err.reason || 'the body is not valid', err.statusCode);
            return;
        }

        console.error(err);
        reply.code(500);
        answer(reply, UNAVAILABLE);
    });

    app.post('/stores/coupons/:coupon', draw);
    app.get('/stores/coupons/my', my);
    app.get('/stores/list', list);
    app.put('/client/stores/flowers/stocks/subtract', subtract);
}


exports.start = async function () {
    db = postgres.create({
        host: env.BB_PGHOST,
        port: Number(env.BB_PGPORT),
        user: env.BB_PGUSER,
        database: env.BB_PGDATABASE,
        options: env.TZ ? `-c TimeZone=${env.TZ}` : undefined,
    }, Math.ceil(PG_POOL / env.BB_WORKERS));

    const app = fastify({
        logger: false,
        disableRequestLogging: true,
        exposeHeadRoutes: false,
        ignoreTrailingSlash: true,
        bodyLimit: 16384,
    });

    // unlimited, and no header that tells of a limit
    app.server.keepAliveTimeout = 0;

    routes(app);

    await Promise.all([connectRedis(), db.ready()]);
    await app.listen({ host: '127.0.0.1', port: Number(env.BB_PORT),
        backlog: 4096 });
};

/*
 * The calls of the Redis client.
 *
 * A call is waiting until the posted event flush hands it to hiredis together
 * with all that were queued in the same turn of the event loop; then it is
 * sent, and hiredis keeps the order of replies.  It ends in bb_redis_end() and
 * nowhere else, from one of three places: its reply, the end of its connection
 * or attempt, and, while it waits, its deadline.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "redis/redis_conn.h"
#include "redis/redis_event.h"


struct bb_redis_call_s {
    ngx_queue_t           order;        /* in redis->calls */
    ngx_queue_t           queue;        /* in redis->waiting, or among calls
                                           that are being ended */
    bb_redis_t           *redis;
    bb_redis_handler_pt   handler;      /* NULL: forgotten */
    void                 *data;
    bb_redis_script_t    *script;       /* NULL: a plain command */
    ngx_msec_t            deadline;

    u_char               *command;      /* as it goes out */
    size_t                len;
    size_t                tail;         /* length of the end of command, which
                                           EVALSHA and EVAL have in common */
    u_char               *eval;         /* command, if allocated for EVAL */

    ngx_uint_t            argc;         /* of the command, its name included */
    ngx_uint_t            nslots;
    unsigned              sent:1;

    size_t                slots[];      /* of run ids: distances from the end
                                           of command */
};


static bb_redis_call_t *bb_redis_queue(bb_redis_t *redis,
    bb_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, bb_redis_handler_pt handler, void *data);
static bb_redis_call_t *bb_redis_format(bb_redis_t *redis,
    bb_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc);
static u_char *bb_redis_format_bulk(u_char *p, u_char *data, size_t len);
static void bb_redis_flush_handler(ngx_event_t *ev);
static void bb_redis_reply_handler(redisAsyncContext *ac, void *data,
    void *privdata);
static ngx_int_t bb_redis_retry(bb_redis_call_t *call);
static void bb_redis_wait(bb_redis_call_t *call);
static void bb_redis_deadline_handler(ngx_event_t *ev);
static void bb_redis_end_queue(ngx_queue_t *ended);
static void bb_redis_end(bb_redis_call_t *call, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_redis_free_call(bb_redis_call_t *call);
static ngx_int_t bb_redis_error_is(redisReply *reply, const char *code);


/* the bytes of an argument on the wire, at most: $<length>CRLF<data>CRLF */
#define bb_redis_bulk_size(len)                                               \
    (sizeof("$" CRLF CRLF) - 1 + NGX_SIZE_T_LEN + (len))


bb_redis_t *
bb_redis_create(ngx_cycle_t *cycle, bb_redis_conf_t *conf,
    bb_redis_stat_t *stat)
{
    bb_redis_t  *redis;

    redis = ngx_calloc(sizeof(bb_redis_t), cycle->log);
    if (redis == NULL) {
        return NULL;
    }

    redis->conf = conf;
    redis->stat = stat;
    redis->ident = -1;
    redis->log = cycle->log;

    ngx_queue_init(&redis->calls);
    ngx_queue_init(&redis->waiting);

    redis->deadline.data = redis;
    redis->deadline.handler = bb_redis_deadline_handler;
    redis->deadline.log = redis->log;
    redis->deadline.cancelable = 1;

    redis->flush.data = redis;
    redis->flush.handler = bb_redis_flush_handler;
    redis->flush.log = redis->log;

    stat->in_flight = 0;

    bb_redis_conn_init(redis);

    return redis;
}


void
bb_redis_destroy(bb_redis_t *redis)
{
    ngx_queue_t      *q;
    bb_redis_call_t  *call;

    /* first, as hiredis still refers to the calls that were sent */

    bb_redis_conn_free(redis);

    while (!ngx_queue_empty(&redis->calls)) {
        q = ngx_queue_head(&redis->calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, bb_redis_call_t, order);
        bb_redis_free_call(call);
    }

    if (redis->deadline.timer_set) {
        ngx_del_timer(&redis->deadline);
    }

    if (redis->flush.posted) {
        ngx_delete_posted_event(&redis->flush);
    }

    redis->stat->in_flight = 0;

    ngx_free(redis);
}


bb_redis_call_t *
bb_redis_call(bb_redis_t *redis, ngx_str_t *argv, ngx_uint_t argc,
    bb_redis_handler_pt handler, void *data)
{
    return bb_redis_queue(redis, NULL, 0, argv, argc, handler, data);
}


bb_redis_call_t *
bb_redis_eval(bb_redis_t *redis, bb_redis_script_t *script, ngx_uint_t nkeys,
    ngx_str_t *argv, ngx_uint_t argc, bb_redis_handler_pt handler, void *data)
{
    return bb_redis_queue(redis, script, nkeys, argv, argc, handler, data);
}


void
bb_redis_forget(bb_redis_call_t *call)
{
    /* the call itself keeps its place: a reply may be under way */

    call->handler = NULL;
}


bb_redis_state_e
bb_redis_state(bb_redis_t *redis)
{
    return redis->state;
}


const char *
bb_redis_reason(bb_redis_t *redis)
{
    return redis->state == BB_REDIS_UP ? "" : redis->reason;
}


static bb_redis_call_t *
bb_redis_queue(bb_redis_t *redis, bb_redis_script_t *script, ngx_uint_t nkeys,
    ngx_str_t *argv, ngx_uint_t argc, bb_redis_handler_pt handler, void *data)
{
    bb_redis_call_t  *call;

    if (redis->in_flight >= redis->conf->queue) {
        redis->stat->rejected++;
        return NULL;
    }

    call = bb_redis_format(redis, script, nkeys, argv, argc);
    if (call == NULL) {
        return NULL;
    }

    call->handler = handler;
    call->data = data;
    call->deadline = ngx_current_msec + redis->conf->timeout;

    ngx_queue_insert_tail(&redis->calls, &call->order);

    redis->in_flight++;
    redis->stat->in_flight = redis->in_flight;
    redis->stat->calls++;

    /*
     * The timer is left armed when the last call ends, and then finds nothing
     * to do; it only must not keep an exiting worker.
     */

    redis->deadline.cancelable = 0;

    if (!redis->deadline.timer_set) {
        ngx_add_timer(&redis->deadline, redis->conf->timeout);
    }

    bb_redis_wait(call);

    return call;
}


/*
 * Formats a command or an EVALSHA:
 *
 *   *<argc> EVALSHA <sha1>  <nkeys> <keys> <arguments>
 *                           ^ tail
 */

static bb_redis_call_t *
bb_redis_format(bb_redis_t *redis, bb_redis_script_t *script,
    ngx_uint_t nkeys, ngx_str_t *argv, ngx_uint_t argc)
{
    size_t            size;
    u_char           *p, *tail, *last, number[NGX_INT_T_LEN];
    ngx_uint_t        i, n, nslots;
    bb_redis_call_t  *call;

    nslots = 0;

    size = sizeof("*" CRLF) + NGX_INT_T_LEN;

    if (script) {
        size += bb_redis_bulk_size(sizeof("EVALSHA") - 1)
                + bb_redis_bulk_size(sizeof(script->sha1))
                + bb_redis_bulk_size(NGX_INT_T_LEN);
    }

    for (i = 0; i < argc; i++) {
        size += bb_redis_bulk_size(argv[i].len);

        if (argv[i].data == NULL && argv[i].len == BB_REDIS_RUN_ID_LEN) {
            nslots++;
        }
    }

    size += sizeof(bb_redis_call_t) + nslots * sizeof(size_t);

    call = ngx_alloc(size, redis->log);
    if (call == NULL) {
        return NULL;
    }

    ngx_memzero(call, sizeof(bb_redis_call_t));

    call->redis = redis;
    call->script = script;
    call->argc = script ? argc + 3 : argc;
    call->nslots = nslots;
    call->command = (u_char *) &call->slots[nslots];

    p = ngx_sprintf(call->command, "*%ui" CRLF, call->argc);

    if (script) {
        p = bb_redis_format_bulk(p, (u_char *) "EVALSHA",
                                 sizeof("EVALSHA") - 1);
        p = bb_redis_format_bulk(p, script->sha1, sizeof(script->sha1));
    }

    tail = p;

    if (script) {
        last = ngx_sprintf(number, "%ui", nkeys);
        p = bb_redis_format_bulk(p, number, last - number);
    }

    n = 0;

    for (i = 0; i < argc; i++) {
        p = bb_redis_format_bulk(p, argv[i].data, argv[i].len);

        if (argv[i].data == NULL && argv[i].len == BB_REDIS_RUN_ID_LEN) {
            call->slots[n++] = p - (sizeof(CRLF) - 1) - BB_REDIS_RUN_ID_LEN
                               - call->command;
        }
    }

    /* hiredis looks at what follows the first argument, even of only one */
    *p = '\0';

    call->len = p - call->command;
    call->tail = p - tail;

    for (n = 0; n < nslots; n++) {
        call->slots[n] = call->len - call->slots[n];
    }

    return call;
}


/* data: NULL leaves a gap of len bytes. */

static u_char *
bb_redis_format_bulk(u_char *p, u_char *data, size_t len)
{
    p = ngx_sprintf(p, "$%uz" CRLF, len);

    if (data) {
        ngx_memcpy(p, data, len);
    }

    p += len;

    *p++ = CR;
    *p++ = LF;

    return p;
}


static void
bb_redis_flush_handler(ngx_event_t *ev)
{
    ngx_uint_t        i;
    ngx_queue_t      *q;
    bb_redis_t       *redis = ev->data;
    bb_redis_call_t  *call;

    if (redis->state != BB_REDIS_UP || redis->draining
        || ngx_queue_empty(&redis->waiting))
    {
        return;
    }

    do {
        q = ngx_queue_head(&redis->waiting);
        call = ngx_queue_data(q, bb_redis_call_t, queue);

        for (i = 0; i < call->nslots; i++) {
            ngx_memcpy(call->command + call->len - call->slots[i],
                       redis->run_id, BB_REDIS_RUN_ID_LEN);
        }

        if (redisAsyncFormattedCommand(redis->ac, bb_redis_reply_handler, call,
                                       (char *) call->command, call->len)
            != REDIS_OK)
        {
            bb_redis_conn_drop(redis, "out of memory");
            return;
        }

        ngx_queue_remove(q);

        call->sent = 1;
        redis->sent++;

    } while (!ngx_queue_empty(&redis->waiting));

    redis->stat->writes++;

    bb_redis_event_write(redis->ac);
}


static void
bb_redis_reply_handler(redisAsyncContext *ac, void *data, void *privdata)
{
    bb_redis_t       *redis;
    redisReply       *reply = data;
    bb_redis_rc_e     rc;
    bb_redis_call_t  *call = privdata;

    if (reply == NULL) {
        /* the context is being freed; bb_redis_calls_closed() will follow */
        return;
    }

    redis = ac->data;
    redis->sent--;

    rc = BB_REDIS_OK;

    if (reply->type == REDIS_REPLY_ERROR) {

        if (call->script && call->eval == NULL
            && bb_redis_error_is(reply, "NOSCRIPT")
            && bb_redis_retry(call) == NGX_OK)
        {
            bb_redis_conn_replied(redis);
            return;
        }

        if (bb_redis_error_is(reply, "READONLY")
            || bb_redis_error_is(reply, "LOADING")
            || bb_redis_error_is(reply, "MASTERDOWN"))
        {
            bb_redis_conn_drain(redis, reply->str);
        }

        redis->stat->errors++;
        rc = BB_REDIS_ERROR;
    }

    bb_redis_end(call, rc, reply);

    bb_redis_conn_replied(redis);
}


/* Makes an EVAL of an EVALSHA; its deadline and its place in calls remain. */

static ngx_int_t
bb_redis_retry(bb_redis_call_t *call)
{
    size_t      size;
    u_char     *p, *eval;
    ngx_str_t  *source;

    source = &call->script->source;

    size = sizeof("*" CRLF) - 1 + NGX_INT_T_LEN
           + bb_redis_bulk_size(sizeof("EVAL") - 1)
           + bb_redis_bulk_size(source->len)
           + call->tail;

    eval = ngx_alloc(size, call->redis->log);
    if (eval == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(eval, "*%ui" CRLF, call->argc);
    p = bb_redis_format_bulk(p, (u_char *) "EVAL", sizeof("EVAL") - 1);
    p = bb_redis_format_bulk(p, source->data, source->len);
    p = ngx_cpymem(p, call->command + call->len - call->tail, call->tail);

    call->eval = eval;
    call->command = eval;
    call->len = p - eval;
    call->sent = 0;

    bb_redis_wait(call);

    return NGX_OK;
}


static void
bb_redis_wait(bb_redis_call_t *call)
{
    bb_redis_t  *redis;

    redis = call->redis;

    ngx_queue_insert_tail(&redis->waiting, &call->queue);

    if (redis->state == BB_REDIS_UP) {

        if (!redis->flush.posted) {
            ngx_post_event(&redis->flush, &ngx_posted_events);
        }

    } else if (redis->state == BB_REDIS_DOWN) {
        bb_redis_conn_wanted(redis);
    }
}


/* Only the oldest calls can be overdue: every call has the same time. */

static void
bb_redis_deadline_handler(ngx_event_t *ev)
{
    ngx_queue_t      *q, ended;
    bb_redis_t       *redis = ev->data;
    ngx_msec_int_t    left;
    bb_redis_call_t  *call;

    ngx_queue_init(&ended);

    left = 0;

    for (q = ngx_queue_head(&redis->calls);
         q != ngx_queue_sentinel(&redis->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, bb_redis_call_t, order);

        left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);

        if (left > 0) {
            break;
        }

        if (!call->sent) {
            ngx_queue_remove(&call->queue);
            ngx_queue_insert_tail(&ended, &call->queue);
            continue;
        }

        /* a silent server; its calls end with the connection */

        if (redis->ac) {
            bb_redis_conn_drop(redis, "no reply within timeout");
        }
    }

    if (!ngx_queue_empty(&redis->calls)) {
        ngx_add_timer(ev, ngx_max(left, 1));
    }

    bb_redis_end_queue(&ended);
}


void
bb_redis_calls_closed(bb_redis_t *redis)
{
    ngx_queue_t      *q, ended;
    bb_redis_call_t  *call;

    ngx_queue_init(&ended);

    for (q = ngx_queue_head(&redis->calls);
         q != ngx_queue_sentinel(&redis->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, bb_redis_call_t, order);

        if (call->sent) {
            ngx_queue_insert_tail(&ended, &call->queue);

        } else if (!redis->lost) {
            ngx_queue_remove(&call->queue);
            ngx_queue_insert_tail(&ended, &call->queue);
        }
    }

    bb_redis_end_queue(&ended);
}


/* Ends calls without a reply.  New ones may be queued by their handlers. */

static void
bb_redis_end_queue(ngx_queue_t *ended)
{
    ngx_queue_t      *q;
    bb_redis_rc_e     rc;
    bb_redis_call_t  *call;

    while (!ngx_queue_empty(ended)) {
        q = ngx_queue_head(ended);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, bb_redis_call_t, queue);

        if (!call->sent) {
            rc = BB_REDIS_UNAVAILABLE;

        } else if ((ngx_msec_int_t) (call->deadline - ngx_current_msec) > 0) {
            rc = BB_REDIS_LOST;

        } else {
            rc = BB_REDIS_TIMEOUT;
            call->redis->stat->timeouts++;
        }

        bb_redis_end(call, rc, NULL);
    }
}


static void
bb_redis_end(bb_redis_call_t *call, bb_redis_rc_e rc, redisReply *reply)
{
    bb_redis_t  *redis;

    redis = call->redis;

    ngx_queue_remove(&call->order);

    redis->in_flight--;
    redis->stat->in_flight = redis->in_flight;

    if (redis->in_flight == 0) {
        redis->deadline.cancelable = 1;
    }

    /* freed only after, as the handler may still forget the call */

    if (call->handler) {
        call->handler(call->data, rc, reply);
    }

    bb_redis_free_call(call);
}


static void
bb_redis_free_call(bb_redis_call_t *call)
{
    if (call->eval) {
        ngx_free(call->eval);
    }

    ngx_free(call);
}


/* Does an error reply begin with this code? */

static ngx_int_t
bb_redis_error_is(redisReply *reply, const char *code)
{
    size_t  len;

    len = ngx_strlen(code);

    return ngx_strncmp(reply->str, code, len) == 0
           && (reply->str[len] == ' ' || reply->str[len] == '\0');
}

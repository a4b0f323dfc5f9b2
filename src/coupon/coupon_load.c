/*
 * Loading a coupon that Redis lost: after a restart, a failover, an eviction.
 *
 * row read -> lock taken -> holders copied, chunk by chunk -> loaded.
 * The lock names the run of Redis in which it was taken; if Redis restarts in
 * between, the next step finds another one and everything begins anew.  The
 * claims that wait then ask the issue script again, whatever happened.
 */

#include "coupon/coupon_issuer.h"
#include "core/core_fault.h"
#include "core/core_query.h"
#include "core/core_time.h"


#define BB_COUPON_LOAD_CHUNK  250      /* users; about 0.2 ms of Redis' time */
#define BB_COUPON_LOAD_LEASE  2000     /* ms; renewed with each chunk */
#define BB_COUPON_LOAD_WAIT   20       /* ms, while somebody else loads */

#define BB_COUPON_ROW_COLUMNS  6       /* of sql/coupon/load.sql */


struct bb_coupon_load_s {
    bb_coupon_issuer_t    *issuer;
    bb_coupon_t           *coupon;
    ngx_event_t            wait;
    int64_t                next;       /* user id of the next chunk */
    ngx_uint_t             last;       /* the chunk being copied is the last */

    ngx_str_t              id;
    u_char                 id_text[NGX_INT64_LEN];

    /* limit, start, end, deleted, version, expire as text */
    ngx_str_t              row[BB_COUPON_ROW_COLUMNS];
    u_char                 row_text[BB_COUPON_ROW_COLUMNS][NGX_INT64_LEN];
};


static void bb_coupon_load_row(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static ngx_int_t bb_coupon_load_keep(bb_coupon_load_t *load, PGresult *res);
static void bb_coupon_load_locked(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_coupon_load_read(bb_coupon_load_t *load);
static void bb_coupon_load_chunk(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_coupon_load_copied(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_coupon_load_finish(bb_coupon_load_t *load);
static void bb_coupon_load_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static ngx_int_t bb_coupon_load_replied(bb_coupon_load_t *load,
    bb_redis_rc_e rc, redisReply *reply);
static void bb_coupon_load_wait_handler(ngx_event_t *ev);
static void bb_coupon_load_settle(bb_coupon_load_t *load,
    bb_coupon_verdict_e verdict);
static void bb_coupon_load_end(bb_coupon_load_t *load);


void
bb_coupon_load_start(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon)
{
    u_char               number[NGX_INT64_LEN + 1];
    bb_coupon_load_t    *load;
    bb_postgres_param_t  param;

    if (coupon->load) {
        return;
    }

    load = ngx_calloc(sizeof(bb_coupon_load_t), issuer->log);
    if (load == NULL) {
        bb_coupon_settle_waiting(issuer, coupon, BB_COUPON_UNAVAILABLE);
        return;
    }

    load->issuer = issuer;
    load->coupon = coupon;
    load->next = INT64_MIN;
    load->wait.handler = bb_coupon_load_wait_handler;
    load->wait.data = load;
    load->wait.log = issuer->log;
    load->wait.cancelable = 1;

    load->id.data = load->id_text;
    load->id.len = ngx_sprintf(load->id_text, "%xL",
                               bb_coupon_next_id(issuer)) - load->id_text;

    coupon->load = load;
    coupon->users++;

    (void) ngx_sprintf(number, "%L%Z", coupon->key.coupon);
    ngx_memzero(&param, sizeof(bb_postgres_param_t));
    param.value = (char *) number;

    if (bb_postgres_call(issuer->worker->postgres, issuer->load_statement,
                         &param, 1, bb_coupon_load_row, load)
        == NULL)
    {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
    }
}


static void
bb_coupon_load_row(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_load_t  *load = data;

    u_char               lease[NGX_INT64_LEN], lock[BB_COUPON_KEY_LEN];
    ngx_str_t            argv[4], today;
    bb_coupon_issuer_t  *issuer;

    issuer = load->issuer;

    if (rc != BB_POSTGRES_OK) {
        (void) bb_query_failure(issuer->log, issuer->load_statement->name, rc,
                                res);
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
        return;
    }

    if (PQntuples(res) == 0) {
        bb_coupon_load_settle(load, BB_COUPON_NOT_FOUND);
        return;
    }

    if (bb_coupon_load_keep(load, res) != NGX_OK) {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
        return;
    }

    /* no need to fill Redis for these */

    if (load->row[3].data[0] == '1') {
        bb_coupon_load_settle(load, BB_COUPON_DELETED);
        return;
    }

    today = *bb_time_today();

    if (ngx_strncmp(load->row[2].data, today.data, today.len) < 0) {
        bb_coupon_load_settle(load, BB_COUPON_EXPIRED);
        return;
    }

    bb_coupon_key_load(&load->coupon->key, &argv[0], lock);
    argv[1] = load->id;
    bb_redis_set_run_id(&argv[2]);
    argv[3].data = lease;
    argv[3].len = ngx_sprintf(lease, "%d", BB_COUPON_LOAD_LEASE) - lease;

    if (bb_redis_eval(issuer->worker->redis, issuer->load_lock, 1, argv, 4,
                      bb_coupon_load_locked, load)
        == NULL)
    {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
    }
}


static ngx_int_t
bb_coupon_load_keep(bb_coupon_load_t *load, PGresult *res)
{
    size_t      len;
    ngx_uint_t  i;

    for (i = 0; i < BB_COUPON_ROW_COLUMNS; i++) {
        len = PQgetlength(res, 0, i);

        if (len > NGX_INT64_LEN) {
            ngx_log_error(NGX_LOG_ERR, load->issuer->log, 0,
                          "bb_store coupon: coupon %L has an impossible %s",
                          load->coupon->key.coupon, PQfname(res, i));
            return NGX_ERROR;
        }

        load->row[i].data = load->row_text[i];
        load->row[i].len = len;
        ngx_memcpy(load->row_text[i], PQgetvalue(res, 0, i), len);
    }

    return NGX_OK;
}


static void
bb_coupon_load_locked(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_load_t  *load = data;

    if (bb_coupon_load_replied(load, rc, reply) == NGX_OK) {
        bb_coupon_load_read(load);
    }
}


static void
bb_coupon_load_read(bb_coupon_load_t *load)
{
    u_char               text[3][NGX_INT64_LEN + 1];
    ngx_uint_t           i;
    bb_coupon_issuer_t  *issuer;
    bb_postgres_param_t  params[3];

    issuer = load->issuer;

    (void) ngx_sprintf(text[0], "%L%Z", load->coupon->key.coupon);
    (void) ngx_sprintf(text[1], "%L%Z", load->next);
    (void) ngx_sprintf(text[2], "%d%Z", BB_COUPON_LOAD_CHUNK);

    for (i = 0; i < 3; i++) {
        params[i].value = (char *) text[i];
        params[i].len = 0;
        params[i].binary = 0;
    }

    if (bb_postgres_call(issuer->worker->postgres, issuer->users_statement,
                         params, 3, bb_coupon_load_chunk, load)
        == NULL)
    {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
    }
}


static void
bb_coupon_load_chunk(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_load_t  *load = data;

    int                  i, n;
    u_char               lease[NGX_INT64_LEN], lock[BB_COUPON_KEY_LEN];
    ngx_str_t           *argv;
    bb_redis_call_t     *call;
    bb_coupon_issuer_t  *issuer;

    issuer = load->issuer;

    if (rc != BB_POSTGRES_OK) {
        (void) bb_query_failure(issuer->log, issuer->users_statement->name, rc,
                                res);
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
        return;
    }

    n = PQntuples(res);

    if (n == 0) {
        bb_coupon_load_finish(load);
        return;
    }

    argv = ngx_alloc((5 + n) * sizeof(ngx_str_t), issuer->log);
    if (argv == NULL) {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
        return;
    }

    bb_coupon_key_issued(&load->coupon->key, &argv[0]);
    bb_coupon_key_load(&load->coupon->key, &argv[1], lock);
    argv[2] = load->id;
    bb_redis_set_run_id(&argv[3]);
    argv[4].data = lease;
    argv[4].len = ngx_sprintf(lease, "%d", BB_COUPON_LOAD_LEASE) - lease;

    for (i = 0; i < n; i++) {
        argv[5 + i].data = (u_char *) PQgetvalue(res, i, 0);
        argv[5 + i].len = PQgetlength(res, i, 0);
    }

    load->next = strtoll(PQgetvalue(res, n - 1, 0), NULL, 10);
    load->last = (n < BB_COUPON_LOAD_CHUNK || load->next == INT64_MAX);
    load->next += !load->last;

    call = bb_redis_eval(issuer->worker->redis, issuer->load_users, 2, argv,
                         5 + n, bb_coupon_load_copied, load);
    ngx_free(argv);

    if (call == NULL) {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
    }
}


static void
bb_coupon_load_copied(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_load_t  *load = data;

    bb_fault("load_chunk");

    if (bb_coupon_load_replied(load, rc, reply) != NGX_OK) {
        return;
    }

    if (load->last) {
        bb_coupon_load_finish(load);

    } else {
        bb_coupon_load_read(load);
    }
}


static void
bb_coupon_load_finish(bb_coupon_load_t *load)
{
    u_char               lock[BB_COUPON_KEY_LEN];
    ngx_str_t            argv[5 + BB_COUPON_ROW_COLUMNS];
    ngx_uint_t           i;
    bb_coupon_issuer_t  *issuer;

    issuer = load->issuer;

    bb_coupon_key_hash(&load->coupon->key, &argv[0]);
    bb_coupon_key_issued(&load->coupon->key, &argv[1]);
    bb_coupon_key_load(&load->coupon->key, &argv[2], lock);
    argv[3] = load->id;
    bb_redis_set_run_id(&argv[4]);

    for (i = 0; i < BB_COUPON_ROW_COLUMNS; i++) {
        argv[5 + i] = load->row[i];
    }

    if (bb_redis_eval(issuer->worker->redis, issuer->load, 3, argv,
                      5 + BB_COUPON_ROW_COLUMNS, bb_coupon_load_done, load)
        == NULL)
    {
        bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);
    }
}


static void
bb_coupon_load_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_load_t  *load = data;

    if (bb_coupon_load_replied(load, rc, reply) != NGX_OK) {
        return;
    }

    load->issuer->stat->loads++;
    load->coupon->loads++;

    ngx_log_error(NGX_LOG_NOTICE, load->issuer->log, 0,
                  "bb_store coupon: coupon %L loaded into Redis",
                  load->coupon->key.coupon);

    bb_coupon_load_end(load);
}


/* NGX_OK: the script said yes; else the load waits, or has ended. */

static ngx_int_t
bb_coupon_load_replied(bb_coupon_load_t *load, bb_redis_rc_e rc,
    redisReply *reply)
{
    if (rc == BB_REDIS_OK && reply->type == REDIS_REPLY_INTEGER) {

        if (reply->integer == 1) {
            return NGX_OK;
        }

        /* somebody else loads, or we have to begin anew */
        ngx_add_timer(&load->wait, BB_COUPON_LOAD_WAIT);
        return NGX_AGAIN;
    }

    ngx_log_error(NGX_LOG_ERR, load->issuer->log, 0,
                  "bb_store coupon: coupon %L not loaded into Redis: %s",
                  load->coupon->key.coupon,
                  rc == BB_REDIS_ERROR ? reply->str : "no answer");

    bb_coupon_load_settle(load, BB_COUPON_UNAVAILABLE);

    return NGX_ERROR;
}


static void
bb_coupon_load_wait_handler(ngx_event_t *ev)
{
    bb_coupon_load_t  *load;

    load = ev->data;

    bb_coupon_load_end(load);
}


static void
bb_coupon_load_settle(bb_coupon_load_t *load, bb_coupon_verdict_e verdict)
{
    bb_coupon_settle_waiting(load->issuer, load->coupon, verdict);
    bb_coupon_load_end(load);
}


/* The waiting claims, if any are left, ask Redis again. */

static void
bb_coupon_load_end(bb_coupon_load_t *load)
{
    bb_coupon_t         *coupon;
    bb_coupon_issuer_t  *issuer;

    coupon = load->coupon;
    issuer = load->issuer;

    coupon->load = NULL;
    ngx_free(load);

    bb_coupon_resume(issuer, coupon);
    bb_coupon_release(issuer, coupon);
}

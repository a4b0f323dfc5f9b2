/*
 * Edits of a coupon: committed to PostgreSQL, then made known to the issue
 * script, then answered.
 *
 * An edit lives outside its request: what PostgreSQL has committed reaches
 * Redis also when the client has left.  When Redis does not take it, the client
 * gets 503 (a new coupon: success, as Redis loads it by itself) and the edit is
 * tried again in the background until it is there.
 */

#include "coupon/coupon_edit.h"
#include "coupon/coupon_issuer.h"
#include "core/core_fault.h"
#include "core/core_query.h"
#include "core/core_reply.h"


#define BB_COUPON_EDIT_RETRY   500     /* ms */

#define BB_COUPON_EDIT_COLUMN  2       /* id, then six that Redis gets */
#define BB_COUPON_EDIT_FIELDS  6       /* limit, start, end, deleted, version,
                                          expire */


typedef struct {
    bb_op_t                op;         /* op.req NULL: nobody waits */
    bb_coupon_issuer_t    *issuer;
    const char            *statement;
    ngx_event_t            retry;
    unsigned               create:1;

    bb_coupon_key_t        key;
    ngx_str_t              load;
    u_char                 load_text[NGX_INT64_LEN];
    ngx_str_t              row[BB_COUPON_EDIT_FIELDS];
    u_char                 row_text[BB_COUPON_EDIT_FIELDS][NGX_INT64_LEN];
} bb_coupon_edit_t;


static void bb_coupon_edit_start(bb_req_t *req, ngx_uint_t create);
static void bb_coupon_edit_committed(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static ngx_int_t bb_coupon_edit_keep(bb_coupon_edit_t *edit, PGresult *res);
static void bb_coupon_edit_known(bb_coupon_edit_t *edit);
static void bb_coupon_edit_put(bb_coupon_edit_t *edit);
static void bb_coupon_edit_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_coupon_edit_later(bb_coupon_edit_t *edit);
static void bb_coupon_edit_retry_handler(ngx_event_t *ev);


void
bb_coupon_create_handler(bb_req_t *req)
{
    bb_coupon_edit_start(req, 1);
}


void
bb_coupon_change_handler(bb_req_t *req)
{
    bb_coupon_edit_start(req, 0);
}


static void
bb_coupon_edit_start(bb_req_t *req, ngx_uint_t create)
{
    bb_coupon_edit_t     *edit;
    bb_postgres_param_t   params[BB_POSTGRES_MAX_PARAMS];

    if (bb_query_params(req, params) != NGX_OK) {
        bb_reply_error(req);
        return;
    }

    edit = ngx_calloc(sizeof(bb_coupon_edit_t), ngx_cycle->log);
    if (edit == NULL) {
        bb_reply_error(req);
        return;
    }

    edit->issuer = req->worker->issuer;
    edit->statement = req->route->statement->name;
    edit->create = create;
    edit->retry.handler = bb_coupon_edit_retry_handler;
    edit->retry.data = edit;
    edit->retry.log = ngx_cycle->log;
    edit->retry.cancelable = 1;

    if (bb_postgres_call(req->worker->postgres_write, req->route->statement,
                         params, req->route->nargs, bb_coupon_edit_committed,
                         edit)
        == NULL)
    {
        ngx_free(edit);
        bb_reply_unavailable(req);
        return;
    }

    bb_req_op_bind(req, &edit->op);
}


static void
bb_coupon_edit_committed(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_edit_t  *edit = data;

    bb_req_t          *req;
    ngx_connection_t  *c;

    if (rc == BB_POSTGRES_OK && PQntuples(res) > 0 && PQgetisnull(res, 0, 0)) {

        if (bb_coupon_edit_keep(edit, res) == NGX_OK) {
            bb_fault("edit_committed");

            bb_coupon_edit_known(edit);
            bb_coupon_edit_put(edit);
            return;
        }
    }

    req = bb_req_op_take(&edit->op, &c);

    bb_query_refuse(req, edit->statement, rc, res);

    ngx_free(edit);

    if (req) {
        ngx_http_run_posted_requests(c);
    }
}


static ngx_int_t
bb_coupon_edit_keep(bb_coupon_edit_t *edit, PGresult *res)
{
    int     column;
    size_t  i, len;

    bb_coupon_key_init(&edit->key,
                       strtoll(PQgetvalue(res, 0, BB_COUPON_EDIT_COLUMN), NULL,
                               10));

    for (i = 0; i < BB_COUPON_EDIT_FIELDS; i++) {
        column = BB_COUPON_EDIT_COLUMN + 1 + i;
        len = PQgetlength(res, 0, column);

        if (len == 0 || len > NGX_INT64_LEN) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "bb_store coupon: statement \"%s\" returned an "
                          "impossible %s", edit->statement,
                          PQfname(res, column));
            return NGX_ERROR;
        }

        edit->row[i].data = edit->row_text[i];
        edit->row[i].len = len;
        ngx_memcpy(edit->row_text[i], PQgetvalue(res, 0, column), len);
    }

    edit->load.data = edit->load_text;
    edit->load.len = ngx_sprintf(edit->load_text, "%xL",
                                 bb_coupon_next_id(edit->issuer))
                     - edit->load_text;

    return NGX_OK;
}


/* No worker of this host answers by what was before. */

static void
bb_coupon_edit_known(bb_coupon_edit_t *edit)
{
    bb_soldout_clear(&edit->issuer->worker->conf->shm->soldout,
                     edit->key.coupon);
}


static void
bb_coupon_edit_put(bb_coupon_edit_t *edit)
{
    ngx_str_t    argv[2 + BB_COUPON_EDIT_FIELDS + 2];
    ngx_uint_t   i;

    bb_coupon_key_hash(&edit->key, &argv[0]);
    bb_coupon_key_issued(&edit->key, &argv[1]);

    for (i = 0; i < BB_COUPON_EDIT_FIELDS; i++) {
        argv[2 + i] = edit->row[i];
    }

    if (edit->create) {
        bb_redis_set_run_id(&argv[2 + i]);

    } else {
        ngx_str_set(&argv[2 + i], "");
    }

    argv[3 + i] = edit->load;

    if (bb_redis_eval(edit->issuer->worker->redis, edit->issuer->put, 2, argv,
                      4 + i, bb_coupon_edit_done, edit)
        == NULL)
    {
        bb_coupon_edit_later(edit);
    }
}


static void
bb_coupon_edit_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_edit_t  *edit = data;

    bb_req_t          *req;
    ngx_connection_t  *c;

    if (rc != BB_REDIS_OK) {

        if (rc == BB_REDIS_ERROR) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "bb_store coupon: edit of coupon %L not taken, Redis "
                          "said: %s", edit->key.coupon, reply->str);
        }

        bb_coupon_edit_later(edit);
        return;
    }

    bb_coupon_edit_known(edit);

    req = bb_req_op_take(&edit->op, &c);

    ngx_free(edit);

    if (req) {
        bb_reply_void(req);
        ngx_http_run_posted_requests(c);
    }
}


/*
 * Called from handlers of the clients and, on a full queue, from the commit:
 * never while the request's own phase handler runs.
 */

static void
bb_coupon_edit_later(bb_coupon_edit_t *edit)
{
    bb_req_t          *req;
    ngx_uint_t         create;
    ngx_connection_t  *c;

    req = bb_req_op_take(&edit->op, &c);
    create = edit->create;

    if (create || ngx_exiting) {
        /* what Redis does not know it loads from PostgreSQL */
        ngx_free(edit);

    } else {
        ngx_add_timer(&edit->retry, BB_COUPON_EDIT_RETRY);
    }

    if (req == NULL) {
        return;
    }

    if (create) {
        bb_reply_void(req);

    } else {
        bb_reply_unavailable(req);
    }

    ngx_http_run_posted_requests(c);
}


static void
bb_coupon_edit_retry_handler(ngx_event_t *ev)
{
    bb_coupon_edit_put(ev->data);
}

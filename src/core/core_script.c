/* One script call to Redis for a request. */

#include "core/core_script.h"


typedef struct {
    bb_op_t              op;
    const char          *name;
    bb_script_next_pt    next;
} bb_script_call_t;


static void bb_script_done(void *data, bb_redis_rc_e rc, redisReply *reply);
static void bb_script_forget(void *call);


ngx_int_t
bb_script_run(bb_req_t *req, const char *name, ngx_uint_t nkeys,
    ngx_str_t *argv, ngx_uint_t argc, bb_script_next_pt next)
{
    bb_redis_call_t    *sent;
    bb_script_call_t   *call;
    bb_redis_script_t  *script;

    script = bb_redis_script_find(req->conf->scripts, name);
    call = ngx_palloc(req->r->pool, sizeof(bb_script_call_t));

    if (script == NULL || call == NULL) {
        return NGX_DECLINED;
    }

    call->name = name;
    call->next = next;

    sent = bb_redis_eval(req->worker->redis, script, nkeys, argv, argc,
                         bb_script_done, call);
    if (sent == NULL) {
        return NGX_DECLINED;
    }

    bb_req_op_add(req, &call->op, sent, bb_script_forget);

    return NGX_OK;
}


static void
bb_script_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_script_call_t  *call = data;

    bb_req_t          *req;
    ngx_connection_t  *c;

    req = call->op.req;
    c = req->r->connection;

    bb_req_op_done(&call->op);

    if (rc == BB_REDIS_ERROR) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "bb_store: script \"%s\": Redis said: %s", call->name,
                      reply->str);
    }

    call->next(req, rc == BB_REDIS_OK ? reply : NULL);

    ngx_http_run_posted_requests(c);
}


static void
bb_script_forget(void *call)
{
    bb_redis_forget(call);
}

/*
 * S1, S2: changes of a store: committed to PostgreSQL, the list's cache made
 * invalid, then answered.
 *
 * A change lives outside its request: what has been committed invalidates the
 * cache also when the client has left.  If Redis cannot be told, the pages of
 * the cache end by themselves some seconds later.
 */

#include "store/store_facade.h"
#include "call/call_client.h"
#include "core/core_jansson.h"
#include "core/core_query.h"
#include "core/core_reply.h"


#define BB_STORE_TRIES  3      /* at a code that nobody else has */


typedef struct {
    bb_op_t                          op;      /* op.req NULL: nobody waits */
    bb_worker_t                     *worker;
    const bb_postgres_statement_t   *statement;
    ngx_uint_t                       tries;   /* left */
    ngx_str_t                        data;    /* of the answer; may be empty */
    u_char                           text[NGX_INT64_LEN];
} bb_store_edit_t;


static void bb_store_create_checked(bb_req_t *req, PGresult *res);
static void bb_store_create_flowers(bb_req_t *req, void *data,
    json_t *answer);
static void bb_store_create_write(bb_req_t *req, ngx_uint_t tries);
static void bb_store_edit_send(bb_req_t *req,
    const bb_postgres_statement_t *statement, bb_postgres_param_t *params,
    ngx_uint_t n, ngx_uint_t tries);
static void bb_store_edit_committed(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static ngx_uint_t bb_store_edit_clash(bb_postgres_rc_e rc, PGresult *res);
static void bb_store_edit_changed(bb_store_edit_t *edit);
static void bb_store_edit_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);


static ngx_str_t  bb_store_flowers_path = ngx_string("/client/flowers");


void
bb_store_create_handler(bb_req_t *req)
{
    bb_query_run(req, bb_store_create_checked);
}


static void
bb_store_create_checked(bb_req_t *req, PGresult *res)
{
    if (bb_query_check(req, res) != NGX_OK) {
        return;
    }

    if (bb_call_start(req, BB_CALL_FLOWERS, &bb_store_flowers_path, NULL, NULL,
                      0, bb_store_create_flowers, NULL)
        != NGX_OK)
    {
        bb_reply_unavailable(req);
    }
}


static void
bb_store_create_flowers(bb_req_t *req, void *data, json_t *answer)
{
    char       *text;
    size_t      len;
    ngx_str_t  *flowers;

    if (answer == NULL) {
        bb_reply_unavailable(req);
        return;
    }

    text = bb_jansson_dump(answer, JSON_COMPACT);
    if (text == NULL) {
        bb_reply_error(req);
        return;
    }

    len = ngx_strlen(text);
    flowers = ngx_palloc(req->r->pool, sizeof(ngx_str_t) + len + 1);

    if (flowers) {
        flowers->len = len;
        flowers->data = (u_char *) &flowers[1];
        ngx_memcpy(flowers->data, text, len + 1);
    }

    free(text);

    if (flowers == NULL) {
        bb_reply_error(req);
        return;
    }

    req->data = flowers;

    bb_store_create_write(req, BB_STORE_TRIES);
}


/* The parameters of sql/store/create.sql, by position. */

static void
bb_store_create_write(bb_req_t *req, ngx_uint_t tries)
{
    ngx_str_t                       *flowers;
    ngx_uint_t                       i;
    bb_postgres_param_t              params[BB_STORE_FIELDS + 2];
    const bb_postgres_statement_t   *statement;

    flowers = req->data;
    statement = bb_postgres_statement_find("store/create");

    if (statement == NULL
        || bb_query_param_int(req, req->user, &params[0]) != NGX_OK)
    {
        bb_reply_error(req);
        return;
    }

    for (i = 0; i < BB_STORE_FIELDS; i++) {
        if (bb_query_param(req, &req->values[i], &params[1 + i]) != NGX_OK) {
            bb_reply_error(req);
            return;
        }
    }

    params[1 + i].value = (char *) flowers->data;
    params[1 + i].len = 0;
    params[1 + i].binary = 0;

    bb_store_edit_send(req, statement, params, BB_STORE_FIELDS + 2, tries);
}


void
bb_store_update_handler(bb_req_t *req)
{
    bb_postgres_param_t  params[BB_POSTGRES_MAX_PARAMS];

    if (bb_query_params(req, params) != NGX_OK) {
        bb_reply_error(req);
        return;
    }

    bb_store_edit_send(req, req->route->statement, params, req->route->nargs,
                       1);
}


static void
bb_store_edit_send(bb_req_t *req, const bb_postgres_statement_t *statement,
    bb_postgres_param_t *params, ngx_uint_t n, ngx_uint_t tries)
{
    bb_store_edit_t  *edit;

    edit = ngx_calloc(sizeof(bb_store_edit_t), ngx_cycle->log);
    if (edit == NULL) {
        bb_reply_error(req);
        return;
    }

    edit->worker = req->worker;
    edit->statement = statement;
    edit->tries = tries - 1;

    if (bb_postgres_call(req->worker->postgres_write, statement, params, n,
                         bb_store_edit_committed, edit)
        == NULL)
    {
        ngx_free(edit);
        bb_reply_unavailable(req);
        return;
    }

    bb_req_op_bind(req, &edit->op);
}


static void
bb_store_edit_committed(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_store_edit_t  *edit = data;

    bb_req_t          *req;
    ngx_uint_t         tries;
    ngx_connection_t  *c;

    if (rc == BB_POSTGRES_OK && PQntuples(res) > 0 && PQgetisnull(res, 0, 0)) {

        if (!PQgetisnull(res, 0, 1)
            && PQgetlength(res, 0, 1) <= (int) sizeof(edit->text))
        {
            edit->data.data = edit->text;
            edit->data.len = PQgetlength(res, 0, 1);
            ngx_memcpy(edit->text, PQgetvalue(res, 0, 1), edit->data.len);
        }

        bb_store_edit_changed(edit);
        return;
    }

    req = bb_req_op_take(&edit->op, &c);
    tries = edit->tries;

    if (req && tries && bb_store_edit_clash(rc, res)) {
        bb_store_create_write(req, tries);

    } else {
        bb_query_refuse(req, edit->statement->name, rc, res);
    }

    ngx_free(edit);

    if (req) {
        ngx_http_run_posted_requests(c);
    }
}


/* Somebody else has drawn the same store code at the same time. */

static ngx_uint_t
bb_store_edit_clash(bb_postgres_rc_e rc, PGresult *res)
{
    const char  *constraint;

    if (rc != BB_POSTGRES_ERROR) {
        return 0;
    }

    constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);

    return constraint && ngx_strcmp(constraint, "store_store_code_key") == 0;
}


static void
bb_store_edit_changed(bb_store_edit_t *edit)
{
    ngx_str_t           argv[2];
    bb_redis_script_t  *script;

    ngx_str_set(&argv[0], "{bb:stores}:version");
    ngx_str_set(&argv[1], "{bb:stores}:pages");

    script = bb_redis_script_find(edit->worker->conf->scripts,
                                  "store_changed");

    if (bb_redis_eval(edit->worker->redis, script, 2, argv, 2,
                      bb_store_edit_done, edit)
        == NULL)
    {
        bb_store_edit_done(edit, BB_REDIS_UNAVAILABLE, NULL);
    }
}


static void
bb_store_edit_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_store_edit_t  *edit = data;

    bb_req_t          *req;
    ngx_connection_t  *c;

    if (rc != BB_REDIS_OK) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "bb_store: the cache of the store list could not be "
                      "made invalid: %s",
                      rc == BB_REDIS_ERROR ? reply->str : "no Redis");
    }

    req = bb_req_op_take(&edit->op, &c);

    if (req && edit->data.len) {
        bb_reply_data(req, &edit->data);

    } else if (req) {
        bb_reply_void(req);
    }

    ngx_free(edit);

    if (req) {
        ngx_http_run_posted_requests(c);
    }
}

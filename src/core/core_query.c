/* One statement for a request. */

#include "core/core_query.h"
#include "core/core_reply.h"
#include "core/core_time.h"


typedef struct {
    bb_op_t             op;
    bb_query_next_pt    next;
} bb_query_t;


static void bb_query_done(void *data, bb_postgres_rc_e rc, PGresult *res);
static void bb_query_forget(void *call);


void
bb_query_run(bb_req_t *req, bb_query_next_pt next)
{
    bb_query_t           *query;
    bb_postgres_call_t   *call;
    bb_postgres_param_t   params[BB_POSTGRES_MAX_PARAMS];

    query = ngx_palloc(req->r->pool, sizeof(bb_query_t));
    if (query == NULL || bb_query_params(req, params) != NGX_OK) {
        bb_reply_error(req);
        return;
    }

    query->next = next;

    call = bb_postgres_call(req->route->locks ? req->worker->postgres_write
                                              : req->worker->postgres,
                            req->route->statement, params, req->route->nargs,
                            bb_query_done, query);
    if (call == NULL) {
        bb_reply_unavailable(req);
        return;
    }

    bb_req_op_add(req, &query->op, call, bb_query_forget);
}


static void
bb_query_done(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_query_t  *query = data;

    bb_req_t          *req;
    ngx_connection_t  *c;

    req = query->op.req;
    c = req->r->connection;

    bb_req_op_done(&query->op);

    if (rc == BB_POSTGRES_OK && PQntuples(res) > 0) {
        query->next(req, res);

    } else {
        bb_query_refuse(req, req->route->statement->name, rc, res);
    }

    ngx_http_run_posted_requests(c);
}


static void
bb_query_forget(void *call)
{
    bb_postgres_forget(call);
}


void
bb_query_refuse(bb_req_t *req, const char *statement, bb_postgres_rc_e rc,
    PGresult *res)
{
    ngx_int_t   again;
    ngx_log_t  *log;

    log = req ? req->r->connection->log : ngx_cycle->log;
    again = NGX_ERROR;

    if (rc != BB_POSTGRES_OK) {
        again = bb_query_failure(log, statement, rc, res);

    } else if (PQntuples(res) == 0) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "bb_store: statement \"%s\" returned no row", statement);

    } else if (req && bb_query_check(req, res) != NGX_OK) {
        return;
    }

    if (req == NULL) {
        return;
    }

    if (again == NGX_AGAIN) {
        bb_reply_unavailable(req);

    } else {
        bb_reply_error(req);
    }
}


void
bb_query_reply(bb_req_t *req, PGresult *res)
{
    ngx_str_t  data;

    if (bb_query_check(req, res) != NGX_OK) {
        return;
    }

    if (req->route->endpoint->success == BB_VOID) {
        bb_reply_void(req);
        return;
    }

    if (PQgetisnull(res, 0, 1)) {
        bb_reply_data(req, NULL);
        return;
    }

    data.data = (u_char *) PQgetvalue(res, 0, 1);
    data.len = PQgetlength(res, 0, 1);

    bb_reply_data(req, &data);
}


ngx_int_t
bb_query_check(bb_req_t *req, PGresult *res)
{
    const char  *name;
    bb_error_e   error;

    if (PQgetisnull(res, 0, 0)) {
        return NGX_OK;
    }

    name = PQgetvalue(res, 0, 0);

    if (bb_error_find(name, &error) == NGX_OK) {
        bb_reply_fail(req, error);
        return NGX_DONE;
    }

    ngx_log_error(NGX_LOG_ERR, req->r->connection->log, 0,
                  "bb_store: statement \"%s\" returned the unknown failure "
                  "\"%s\"", req->route->statement->name, name);
    bb_reply_error(req);

    return NGX_DONE;
}


ngx_int_t
bb_query_params(bb_req_t *req, bb_postgres_param_t *params)
{
    int64_t            i, limit, offset;
    ngx_uint_t         n;
    const bb_arg_t    *arg;
    const bb_route_t  *route;

    route = req->route;

    /* the defaults of a paged list without parameters */
    limit = 20;
    offset = 0;

    for (n = 0; n < route->n; n++) {
        if (route->inputs[n].type == BB_SIZE) {
            limit = req->values[n].i;
        }
    }

    for (n = 0; n < route->n; n++) {
        if (route->inputs[n].type == BB_PAGE) {
            /* a page number too large for bigint is after the end as well */
            i = req->values[n].i;
            offset = i > INT64_MAX / limit ? INT64_MAX
                                                     : i * limit;
        }
    }

    for (n = 0; n < route->nargs; n++) {
        arg = &route->args[n];

        params[n].len = 0;
        params[n].binary = 0;
        params[n].value = NULL;

        switch (arg->type) {

        case BB_ARG_INPUT:
            if (bb_query_param(req, &req->values[arg->input], &params[n])
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            continue;

        case BB_ARG_USER:
            if (!req->has_user) {
                continue;
            }

            i = req->user;
            break;

        case BB_ARG_TODAY:
            params[n].value = (char *) bb_time_today()->data;
            continue;

        case BB_ARG_OWNER:
            params[n].value = bb_req_owner_check(req) ? "t" : "f";
            continue;

        case BB_ARG_LIMIT:
            i = limit;
            break;

        default: /* BB_ARG_OFFSET */
            i = offset;
            break;
        }

        if (bb_query_param_int(req, i, &params[n]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
bb_query_param(bb_req_t *req, const bb_value_t *value,
    bb_postgres_param_t *param)
{
    param->len = 0;
    param->binary = 0;
    param->value = NULL;

    if (value->null) {
        return NGX_OK;
    }

    if (value->s.data) {
        param->value = (char *) value->s.data;
        return NGX_OK;
    }

    return bb_query_param_int(req, value->i, param);
}


ngx_int_t
bb_query_param_int(bb_req_t *req, int64_t n, bb_postgres_param_t *param)
{
    u_char  *p;

    p = ngx_pnalloc(req->r->pool, NGX_INT64_LEN + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(p, "%L%Z", n);

    param->len = 0;
    param->binary = 0;
    param->value = (char *) p;

    return NGX_OK;
}


/*
 * Classes of SQLSTATE that say nothing about the request: connection, out of
 * resources, transaction rollback, operator intervention, system error, lock
 * not available.
 */

ngx_int_t
bb_query_failure(ngx_log_t *log, const char *statement, bb_postgres_rc_e rc,
    PGresult *res)
{
    ngx_uint_t   i;
    const char  *state, *message;

    static const char  *passing[] = {
        "08", "53", "40", "57", "58", "55P03"
    };

    static const char  *reasons[] = {
        "", "", "no connection", "no answer in time", "connection lost"
    };

    if (rc != BB_POSTGRES_ERROR) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "bb_store: statement \"%s\": %s",
                      statement, reasons[rc]);
        return NGX_AGAIN;
    }

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    ngx_log_error(NGX_LOG_ERR, log, 0, "bb_store: statement \"%s\": %s (%s)",
                  statement, message ? message : "failed",
                  state ? state : "no SQLSTATE");

    for (i = 0; state && i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (ngx_strncmp(state, passing[i], ngx_strlen(passing[i])) == 0) {
            return NGX_AGAIN;
        }
    }

    return NGX_ERROR;
}

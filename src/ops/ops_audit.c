/*
 * /ops/coupons/<id>/audit and /ops/audit: whether PostgreSQL and Redis agree
 * about one coupon, or about all that can still be drawn.  GET looks, POST with
 * repair=1 also repairs.  When the client leaves the work is given up.
 */

#include "ops/ops_handler.h"
#include "coupon/coupon_reconcile.h"


typedef struct {
    ngx_http_request_t    *r;
    bb_coupon_audit_t     *audit;
    bb_coupon_round_t     *round;
    ngx_uint_t             repair;
} bb_ops_audit_t;


static ngx_int_t bb_ops_audit_path(ngx_str_t *uri, ngx_uint_t *all,
    int64_t *coupon);
static ngx_int_t bb_ops_audit_start(ngx_http_request_t *r, ngx_uint_t all,
    int64_t coupon, ngx_uint_t repair);
static void bb_ops_audit_cleanup(void *data);
static void bb_ops_audit_done(void *data, bb_coupon_audit_t *audit);
static json_t *bb_ops_audit_coupon(bb_coupon_audit_t *audit);
static json_t *bb_ops_audit_users(bb_audit_users_t *users);
static json_t *bb_ops_audit_fields(bb_audit_fields_t *fields);
static void bb_ops_round_done(void *data, bb_coupon_round_t *round);
static json_t *bb_ops_round(bb_coupon_round_t *round);
static json_t *bb_ops_audit_failure(const char *failure);


ngx_int_t
bb_ops_audit(ngx_http_request_t *r)
{
    int64_t     coupon;
    ngx_int_t   rc;
    ngx_str_t   value;
    ngx_uint_t  all, repair;

    if (bb_ops_audit_path(&r->uri, &all, &coupon) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    repair = 0;

    if (r->method == NGX_HTTP_POST) {

        if (ngx_http_arg(r, (u_char *) "repair", 6, &value) != NGX_OK
            || value.len != 1 || value.data[0] != '1')
        {
            r->main->count++;
            bb_ops_reply(r, NGX_HTTP_BAD_REQUEST,
                         bb_ops_audit_failure("POST is for repair=1"));
            return NGX_DONE;
        }

        repair = 1;
    }

    return bb_ops_audit_start(r, all, coupon, repair);
}


static ngx_int_t
bb_ops_audit_path(ngx_str_t *uri, ngx_uint_t *all, int64_t *coupon)
{
    u_char      *p, *last;
    ngx_int_t    n;

    static const ngx_str_t  every = ngx_string("/ops/audit");
    static const ngx_str_t  head = ngx_string("/ops/coupons/");
    static const ngx_str_t  tail = ngx_string("/audit");

    *all = (uri->len == every.len
            && ngx_memcmp(uri->data, every.data, every.len) == 0);

    if (*all) {
        *coupon = 0;
        return NGX_OK;
    }

    p = uri->data + head.len;
    last = uri->data + uri->len - tail.len;

    if (uri->len <= head.len + tail.len
        || ngx_memcmp(uri->data, head.data, head.len) != 0
        || ngx_memcmp(last, tail.data, tail.len) != 0)
    {
        return NGX_DECLINED;
    }

    n = ngx_atoi(p, last - p);

    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *coupon = n;

    return NGX_OK;
}


static ngx_int_t
bb_ops_audit_start(ngx_http_request_t *r, ngx_uint_t all, int64_t coupon,
    ngx_uint_t repair)
{
    bb_ops_audit_t            *ops;
    bb_coupon_issuer_t        *issuer;
    ngx_http_cleanup_t        *cln;
    ngx_bb_store_main_conf_t  *conf;

    conf = ngx_http_get_module_main_conf(r, ngx_bb_store_module);

    ops = ngx_pcalloc(r->pool, sizeof(bb_ops_audit_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (ops == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (conf->worker == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    issuer = conf->worker->issuer;

    ops->r = r;
    ops->repair = repair;

    if (all) {
        ops->round = bb_coupon_round_start(issuer, repair, bb_ops_round_done,
                                           ops);
    } else {
        ops->audit = bb_coupon_audit_start(issuer, coupon, repair, 0,
                                           bb_ops_audit_done, ops);
    }

    /* the answer's finalize gives this reference back */
    r->main->count++;

    if (ops->audit == NULL && ops->round == NULL) {
        bb_ops_reply(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                     bb_ops_audit_failure("too much is waiting"));
        return NGX_DONE;
    }

    cln->handler = bb_ops_audit_cleanup;
    cln->data = ops;

    r->read_event_handler = ngx_http_test_reading;

    return NGX_DONE;
}


static void
bb_ops_audit_cleanup(void *data)
{
    bb_ops_audit_t  *ops = data;

    if (ops->audit) {
        bb_coupon_audit_cancel(ops->audit);
    }

    if (ops->round) {
        bb_coupon_round_cancel(ops->round);
    }
}


static void
bb_ops_audit_done(void *data, bb_coupon_audit_t *audit)
{
    bb_ops_audit_t  *ops = data;

    json_t            *json;
    ngx_uint_t         status;
    ngx_connection_t  *c;

    ops->audit = NULL;
    status = NGX_HTTP_OK;

    if (audit->failure) {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
        json = bb_ops_audit_failure(audit->failure);

    } else if (audit->unknown) {
        status = NGX_HTTP_NOT_FOUND;
        json = bb_ops_audit_failure("no such coupon");

    } else {
        json = bb_ops_audit_coupon(audit);

        if (ops->repair
            && json_object_set_new(json, "repaired",
                   json_pack("{s:I, s:I, s:I, s:I}",
                             "members_added",
                             (json_int_t) audit->repaired.added,
                             "members_removed",
                             (json_int_t) audit->repaired.removed,
                             "fields_put", (json_int_t) audit->repaired.fields,
                             "issued_count_set",
                             (json_int_t) audit->repaired.counts))
               != 0)
        {
            json_decref(json);
            json = NULL;
        }
    }

    c = ops->r->connection;
    bb_ops_reply(ops->r, status, json);
    ngx_http_run_posted_requests(c);
}


static json_t *
bb_ops_audit_coupon(bb_coupon_audit_t *audit)
{
    int64_t             limit, over;
    bb_audit_report_t  *report;

    report = &audit->report;

    limit = ngx_atoi(audit->row.field[0].data, audit->row.field[0].len);
    over = ngx_max(report->rows - limit, 0);

    return json_pack("{s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o,"
                     " s:b, s:o, s:o}",
                     "coupon", (json_int_t) audit->key.coupon,
                     "consistent",
                     (int) (bb_coupon_audit_differences(report) == 0),
                     "loaded", (int) report->loaded,
                     "limit", (json_int_t) limit,
                     "issued_count", (json_int_t) report->issued,
                     "rows", (json_int_t) report->rows,
                     "over_limit", (json_int_t) over,
                     "members", (json_int_t) report->members,
                     "pending", (json_int_t) report->pending,
                     "members_without_row",
                     bb_ops_audit_users(&report->no_row),
                     "rows_without_member",
                     bb_ops_audit_users(&report->no_member),
                     "stale", (int) report->stale,
                     "postgres", bb_ops_audit_fields(&audit->row),
                     "redis", bb_ops_audit_fields(&audit->hash));
}


static json_t *
bb_ops_audit_users(bb_audit_users_t *users)
{
    json_t      *array;
    ngx_uint_t   i;

    array = json_array();

    for (i = 0; i < ngx_min(users->n, BB_AUDIT_USERS); i++) {
        if (json_array_append_new(array, json_integer(users->first[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }

    return json_pack("{s:I, s:o}", "count", (json_int_t) users->n,
                     "users", array);
}


/* As Redis has them: texts, null where there is none. */

static json_t *
bb_ops_audit_fields(bb_audit_fields_t *fields)
{
    json_t      *json;
    ngx_str_t   *field;
    ngx_uint_t   i;

    static const char  *names[BB_AUDIT_FIELDS] = {
        "limit", "start", "end", "deleted", "version", "expire"
    };

    json = json_object();

    for (i = 0; i < BB_AUDIT_FIELDS; i++) {
        field = &fields->field[i];

        if (json_object_set_new(json, names[i],
                                field->len ? json_stringn((char *) field->data,
                                                          field->len)
                                           : json_null())
            != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    return json;
}


static void
bb_ops_round_done(void *data, bb_coupon_round_t *round)
{
    bb_ops_audit_t  *ops = data;

    json_t            *json;
    ngx_uint_t         status;
    ngx_connection_t  *c;

    ops->round = NULL;

    if (round->failure) {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
        json = bb_ops_audit_failure(round->failure);

    } else {
        status = NGX_HTTP_OK;
        json = bb_ops_round(round);
    }

    c = ops->r->connection;
    bb_ops_reply(ops->r, status, json);
    ngx_http_run_posted_requests(c);
}


static json_t *
bb_ops_round(bb_coupon_round_t *round)
{
    json_t             *list;
    ngx_uint_t          i;
    bb_round_coupon_t  *found;

    list = json_array();

    for (i = 0; i < ngx_min(round->inconsistent, BB_ROUND_COUPONS); i++) {
        found = &round->first[i];

        if (json_array_append_new(list,
                json_pack("{s:I, s:I, s:I}",
                          "coupon", (json_int_t) found->coupon,
                          "differences", (json_int_t) found->found,
                          "left", (json_int_t) found->left))
            != 0)
        {
            json_decref(list);
            return NULL;
        }
    }

    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:o}",
                     "consistent", (int) (round->inconsistent == 0),
                     "coupons", (json_int_t) round->looked,
                     "inconsistent", (json_int_t) round->inconsistent,
                     "drift", (json_int_t) round->drift,
                     "repaired", (json_int_t) round->repaired,
                     "found", list);
}


static json_t *
bb_ops_audit_failure(const char *failure)
{
    return json_pack("{s:s}", "failure", failure);
}

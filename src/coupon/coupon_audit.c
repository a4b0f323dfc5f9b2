/*
 * The audit of one coupon: its beginning and end, the fields and the count.
 *
 * row, hash -> users (coupon_audit_users.c) -> pending claims -> row again
 * -> count -> hash again -> repaired -> another pass, or the end.
 *
 * Two looks at the fields tell an edit on its way from one that was lost: what
 * PostgreSQL had committed at the first look Redis must know at the second one,
 * and what Redis knew at the first look PostgreSQL must have at the second one.
 */

#include "coupon/coupon_audit.h"
#include "core/core_query.h"


#define BB_AUDIT_PASSES  3       /* the last one only looks */


static void bb_audit_begin(bb_coupon_audit_t *audit);
static void bb_audit_query_coupon(bb_coupon_audit_t *audit, bb_postgres_t *pg,
    const char *statement, bb_postgres_handler_pt handler);
static void bb_audit_first_row(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static ngx_int_t bb_audit_keep_row(bb_coupon_audit_t *audit, PGresult *res);
static void bb_audit_hash(bb_coupon_audit_t *audit,
    bb_redis_handler_pt handler);
static void bb_audit_first_hash(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static ngx_int_t bb_audit_keep_hash(bb_coupon_audit_t *audit,
    redisReply *reply);
static int64_t bb_audit_version(const bb_audit_fields_t *fields);
static ngx_uint_t bb_audit_differ(bb_coupon_audit_t *audit);
static void bb_audit_pending(bb_coupon_audit_t *audit);
static void bb_audit_last(bb_coupon_audit_t *audit);
static void bb_audit_last_row(void *data, bb_postgres_rc_e rc, PGresult *res);
static void bb_audit_counted(void *data, bb_postgres_rc_e rc, PGresult *res);
static void bb_audit_last_hash(bb_coupon_audit_t *audit);
static void bb_audit_compare(void *data, bb_redis_rc_e rc, redisReply *reply);
static void bb_audit_put(bb_coupon_audit_t *audit);
static void bb_audit_put_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_audit_recount(bb_coupon_audit_t *audit);
static void bb_audit_recounted(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_audit_passed(bb_coupon_audit_t *audit);
static void bb_audit_end(bb_coupon_audit_t *audit);
static void bb_audit_free(bb_coupon_audit_t *audit);
static void bb_audit_timer_handler(ngx_event_t *ev);


bb_coupon_audit_t *
bb_coupon_audit_start(bb_coupon_issuer_t *issuer, int64_t coupon,
    ngx_uint_t repair, ngx_msec_t pace, bb_audit_handler_pt handler,
    void *data)
{
    ngx_pool_t         *pool;
    bb_coupon_audit_t  *audit;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, issuer->log);
    if (pool == NULL) {
        return NULL;
    }

    audit = ngx_pcalloc(pool, sizeof(bb_coupon_audit_t));

    if (audit == NULL
        || ngx_array_init(&audit->scanned, pool, 16, sizeof(int64_t)) != NGX_OK
        || ngx_array_init(&audit->candidates, pool, 16, sizeof(int64_t))
           != NGX_OK
        || ngx_array_init(&audit->named, pool, 16, sizeof(int64_t)) != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    audit->issuer = issuer;
    audit->log = issuer->log;
    audit->pool = pool;
    audit->repair = repair;
    audit->pace = pace;

    audit->timer.handler = bb_audit_timer_handler;
    audit->timer.data = audit;
    audit->timer.log = issuer->log;
    audit->timer.cancelable = (pace != 0);

    bb_coupon_key_init(&audit->key, coupon);

    /* without a handler a failure is only noted */

    bb_audit_begin(audit);

    if (audit->failure) {
        bb_audit_free(audit);
        return NULL;
    }

    audit->handler = handler;
    audit->data = data;

    return audit;
}


void
bb_coupon_audit_cancel(bb_coupon_audit_t *audit)
{
    if (audit->redis) {
        bb_redis_forget(audit->redis);
    }

    if (audit->postgres) {
        bb_postgres_forget(audit->postgres);
    }

    bb_audit_free(audit);
}


uint64_t
bb_coupon_audit_differences(const bb_audit_report_t *report)
{
    int64_t  off;

    off = report->issued - report->rows;

    return report->no_member.n + report->no_row.n + report->stale
           + (off < 0 ? -off : off);
}


uint64_t
bb_coupon_audit_repairs(const bb_audit_repair_t *repaired)
{
    return repaired->added + repaired->removed + repaired->fields
           + repaired->counts;
}


static void
bb_audit_begin(bb_coupon_audit_t *audit)
{
    ngx_memzero(&audit->report, sizeof(bb_audit_report_t));

    audit->passes++;
    audit->repairing = audit->repair && audit->passes < BB_AUDIT_PASSES;

    bb_audit_query_coupon(audit, audit->issuer->worker->postgres,
                          "coupon/audit", bb_audit_first_row);
}


/* A statement whose only parameter is the coupon. */

static void
bb_audit_query_coupon(bb_coupon_audit_t *audit, bb_postgres_t *pg,
    const char *statement, bb_postgres_handler_pt handler)
{
    u_char               id[NGX_INT64_LEN + 1];
    bb_postgres_param_t  param;

    (void) ngx_sprintf(id, "%L%Z", audit->key.coupon);
    ngx_memzero(&param, sizeof(bb_postgres_param_t));
    param.value = (char *) id;

    bb_audit_query(audit, pg, statement, &param, 1, handler);
}


static void
bb_audit_first_row(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    if (PQntuples(res) == 0) {
        audit->unknown = 1;
        bb_audit_end(audit);
        return;
    }

    if (bb_audit_keep_row(audit, res) != NGX_OK) {
        return;
    }

    audit->issued = audit->report.issued;
    audit->row_version = bb_audit_version(&audit->row);

    bb_audit_hash(audit, bb_audit_first_hash);
}


static ngx_int_t
bb_audit_keep_row(bb_coupon_audit_t *audit, PGresult *res)
{
    size_t      len;
    ngx_uint_t  i;

    for (i = 0; i < BB_AUDIT_FIELDS; i++) {
        len = PQgetlength(res, 0, i);

        if (len == 0 || len > NGX_INT64_LEN) {
            bb_audit_fail(audit, "PostgreSQL has an impossible row");
            return NGX_ERROR;
        }

        audit->row.field[i].data = audit->row.text[i];
        audit->row.field[i].len = len;
        ngx_memcpy(audit->row.text[i], PQgetvalue(res, 0, i), len);
    }

    audit->report.issued = strtoll(PQgetvalue(res, 0, BB_AUDIT_FIELDS), NULL,
                                   10);

    return NGX_OK;
}


static void
bb_audit_hash(bb_coupon_audit_t *audit, bb_redis_handler_pt handler)
{
    ngx_str_t  argv[3];

    bb_coupon_key_hash(&audit->key, &argv[0]);
    bb_coupon_key_issued(&audit->key, &argv[1]);
    bb_redis_set_run_id(&argv[2]);

    bb_audit_eval(audit, "coupon_audit", 2, argv, 3, handler);
}


static void
bb_audit_first_hash(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK
        || bb_audit_keep_hash(audit, reply) != NGX_OK)
    {
        return;
    }

    audit->hash_version = bb_audit_version(&audit->hash);

    audit->differs = audit->report.loaded
                     ? bb_audit_differ(audit)
                     : audit->hash_version > audit->row_version;

    bb_audit_users(audit);
}


/* reply: loaded, members, then the fields */

static ngx_int_t
bb_audit_keep_hash(bb_coupon_audit_t *audit, redisReply *reply)
{
    ngx_uint_t   i;
    redisReply  *field;

    if (reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2 + BB_AUDIT_FIELDS
        || reply->element[0]->type != REDIS_REPLY_INTEGER
        || reply->element[1]->type != REDIS_REPLY_INTEGER)
    {
        bb_audit_fail(audit, "Redis gave an unknown answer");
        return NGX_ERROR;
    }

    audit->report.loaded = (reply->element[0]->integer == 1);
    audit->report.members = reply->element[1]->integer;

    for (i = 0; i < BB_AUDIT_FIELDS; i++) {
        field = reply->element[2 + i];

        audit->hash.field[i].data = audit->hash.text[i];
        audit->hash.field[i].len = 0;

        if (field->type == REDIS_REPLY_STRING) {

            /* what does not fit is not the row's either */

            audit->hash.field[i].len = ngx_min((size_t) field->len,
                                               NGX_INT64_LEN);
            ngx_memcpy(audit->hash.text[i], field->str,
                       audit->hash.field[i].len);
        }
    }

    return NGX_OK;
}


/* -1: there is none. */

static int64_t
bb_audit_version(const bb_audit_fields_t *fields)
{
    const ngx_str_t  *version;

    version = &fields->field[BB_AUDIT_VERSION];

    return ngx_atoi(version->data, version->len);
}


static ngx_uint_t
bb_audit_differ(bb_coupon_audit_t *audit)
{
    ngx_str_t   *row, *hash;
    ngx_uint_t   i;

    row = audit->row.field;
    hash = audit->hash.field;

    for (i = 0; i < BB_AUDIT_FIELDS; i++) {
        if (row[i].len != hash[i].len
            || ngx_memcmp(row[i].data, hash[i].data, row[i].len) != 0)
        {
            return 1;
        }
    }

    return 0;
}


void
bb_audit_finish(bb_coupon_audit_t *audit)
{
    bb_audit_log(audit, bb_audit_pending);
}


static void
bb_audit_pending(bb_coupon_audit_t *audit)
{
    audit->report.pending = audit->named.nelts;

    bb_audit_wait(audit, audit->differs ? BB_AUDIT_GRACE : 0, bb_audit_last);
}


static void
bb_audit_last(bb_coupon_audit_t *audit)
{
    bb_audit_query_coupon(audit, audit->issuer->worker->postgres,
                          "coupon/audit", bb_audit_last_row);
}


static void
bb_audit_last_row(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    if (PQntuples(res) == 0) {
        audit->unknown = 1;
        bb_audit_end(audit);
        return;
    }

    if (bb_audit_keep_row(audit, res) != NGX_OK) {
        return;
    }

    if (audit->report.issued == audit->issued
        && audit->report.issued == audit->report.rows)
    {
        bb_audit_last_hash(audit);
        return;
    }

    /*
     * Rows came while they were counted, or the count is wrong: one statement
     * tells.  It may take a while, on a connection where this holds up little.
     */

    bb_audit_query_coupon(audit, audit->issuer->worker->postgres_write,
                          "coupon/audit_count", bb_audit_counted);
}


static void
bb_audit_counted(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    if (PQntuples(res) > 0) {
        audit->report.issued = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
        audit->report.rows = strtoll(PQgetvalue(res, 0, 1), NULL, 10);
    }

    bb_audit_last_hash(audit);
}


static void
bb_audit_last_hash(bb_coupon_audit_t *audit)
{
    if (audit->differs) {
        bb_audit_hash(audit, bb_audit_compare);
        return;
    }

    bb_audit_recount(audit);
}


static void
bb_audit_compare(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    int64_t  version, row;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK
        || bb_audit_keep_hash(audit, reply) != NGX_OK)
    {
        return;
    }

    version = bb_audit_version(&audit->hash);
    row = bb_audit_version(&audit->row);

    /*
     * A coupon that is not loaded takes the row's fields when it is, unless
     * its own version is higher.
     */

    audit->report.stale = audit->hash_version > row
                          || (audit->report.loaded
                              && (version < audit->row_version
                                  || (version == row
                                      && bb_audit_differ(audit))));

    if (audit->report.stale && audit->repairing) {
        bb_audit_put(audit);
        return;
    }

    bb_audit_recount(audit);
}


static void
bb_audit_put(bb_coupon_audit_t *audit)
{
    ngx_str_t   argv[3 + BB_AUDIT_FIELDS];
    ngx_uint_t  i;

    bb_coupon_key_hash(&audit->key, &argv[0]);
    bb_coupon_key_issued(&audit->key, &argv[1]);
    argv[2] = audit->hash.field[BB_AUDIT_VERSION];

    for (i = 0; i < BB_AUDIT_FIELDS; i++) {
        argv[3 + i] = audit->row.field[i];
    }

    bb_audit_eval(audit, "coupon_audit_put", 2, argv, 3 + BB_AUDIT_FIELDS,
                  bb_audit_put_done);
}


static void
bb_audit_put_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_replied(audit, rc, reply) != NGX_OK) {
        return;
    }

    if (reply->type == REDIS_REPLY_INTEGER && reply->integer == 1) {
        audit->repaired.fields++;
    }

    bb_audit_recount(audit);
}


static void
bb_audit_recount(bb_coupon_audit_t *audit)
{
    if (!audit->repairing || audit->report.issued == audit->report.rows) {
        bb_audit_passed(audit);
        return;
    }

    bb_audit_query_coupon(audit, audit->issuer->worker->postgres_write,
                          "coupon/audit_recount", bb_audit_recounted);
}


static void
bb_audit_recounted(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_audit_t  *audit = data;

    if (bb_audit_queried(audit, rc, res) != NGX_OK) {
        return;
    }

    if (strtoll(PQgetvalue(res, 0, 0), NULL, 10) != 0) {
        audit->repaired.counts++;
    }

    bb_audit_passed(audit);
}


static void
bb_audit_passed(bb_coupon_audit_t *audit)
{
    uint64_t  differences;

    differences = bb_coupon_audit_differences(&audit->report);

    if (audit->passes == 1) {
        audit->found = differences;
    }

    if (differences && audit->repairing) {
        bb_audit_begin(audit);
        return;
    }

    bb_audit_end(audit);
}


static void
bb_audit_end(bb_coupon_audit_t *audit)
{
    bb_audit_repair_t    *repaired;
    bb_audit_handler_pt   handler;

    repaired = &audit->repaired;

    if (bb_coupon_audit_repairs(repaired)) {

        /* workers that answered by what Redis had ask it again */
        bb_soldout_clear(&audit->issuer->worker->conf->shm->soldout,
                         audit->key.coupon);

        ngx_log_error(NGX_LOG_WARN, audit->log, 0,
                      "bb_store coupon: coupon %L repaired: %ui members added, "
                      "%ui removed, fields put %ui times, issued_count set %ui "
                      "times", audit->key.coupon, repaired->added,
                      repaired->removed, repaired->fields, repaired->counts);
    }

    handler = audit->handler;

    if (handler) {
        handler(audit->data, audit);
        bb_audit_free(audit);
    }
}


void
bb_audit_fail(bb_coupon_audit_t *audit, const char *failure)
{
    audit->failure = failure;

    bb_audit_end(audit);
}


static void
bb_audit_free(bb_coupon_audit_t *audit)
{
    if (audit->timer.timer_set) {
        ngx_del_timer(&audit->timer);
    }

    ngx_destroy_pool(audit->pool);
}


void
bb_audit_eval(bb_coupon_audit_t *audit, const char *name, ngx_uint_t nkeys,
    ngx_str_t *argv, ngx_uint_t argc, bb_redis_handler_pt handler)
{
    bb_worker_t        *worker;
    bb_redis_script_t  *script;

    worker = audit->issuer->worker;
    script = bb_redis_script_find(worker->conf->scripts, name);

    audit->redis = bb_redis_eval(worker->redis, script, nkeys, argv, argc,
                                 handler, audit);
    if (audit->redis == NULL) {
        bb_audit_fail(audit, "too much is waiting for Redis");
    }
}


void
bb_audit_query(bb_coupon_audit_t *audit, bb_postgres_t *pg, const char *name,
    const bb_postgres_param_t *params, ngx_uint_t n,
    bb_postgres_handler_pt handler)
{
    audit->postgres = bb_postgres_call(pg, bb_postgres_statement_find(name),
                                       params, n, handler, audit);
    if (audit->postgres == NULL) {
        bb_audit_fail(audit, "too much is waiting for PostgreSQL");
    }
}


ngx_int_t
bb_audit_replied(bb_coupon_audit_t *audit, bb_redis_rc_e rc,
    redisReply *reply)
{
    audit->redis = NULL;

    if (rc == BB_REDIS_OK) {
        return NGX_OK;
    }

    if (rc == BB_REDIS_ERROR) {
        ngx_log_error(NGX_LOG_ERR, audit->log, 0,
                      "bb_store coupon: audit of coupon %L failed, Redis said: "
                      "%s", audit->key.coupon, reply->str);
        bb_audit_fail(audit, "refused by Redis");
        return NGX_ERROR;
    }

    bb_audit_fail(audit, "Redis does not answer");

    return NGX_ERROR;
}


ngx_int_t
bb_audit_queried(bb_coupon_audit_t *audit, bb_postgres_rc_e rc, PGresult *res)
{
    audit->postgres = NULL;

    if (rc == BB_POSTGRES_OK) {
        return NGX_OK;
    }

    if (rc == BB_POSTGRES_ERROR) {
        (void) bb_query_failure(audit->log, "coupon/audit", rc, res);
        bb_audit_fail(audit, "refused by PostgreSQL");
        return NGX_ERROR;
    }

    bb_audit_fail(audit, "PostgreSQL does not answer");

    return NGX_ERROR;
}


void
bb_audit_wait(bb_coupon_audit_t *audit, ngx_msec_t wait,
    void (*next)(bb_coupon_audit_t *audit))
{
    if (wait == 0) {
        next(audit);
        return;
    }

    audit->next = next;
    ngx_add_timer(&audit->timer, wait);
}


static void
bb_audit_timer_handler(ngx_event_t *ev)
{
    bb_coupon_audit_t  *audit;

    audit = ev->data;

    audit->next(audit);
}

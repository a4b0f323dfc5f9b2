/*
 * A worker's issuer as a whole: the scripts and statements that its parts use,
 * and which parts there are in this worker.
 */

#include "coupon/coupon_committer.h"
#include "coupon/coupon_reconcile.h"


static ngx_int_t bb_coupon_issuer_init(bb_coupon_issuer_t *issuer);


bb_coupon_issuer_t *
bb_coupon_issuer_create(bb_worker_t *worker)
{
    bb_coupon_issuer_t  *issuer;

    issuer = ngx_calloc(sizeof(bb_coupon_issuer_t), worker->cycle->log);
    if (issuer == NULL) {
        return NULL;
    }

    issuer->worker = worker;
    issuer->stat = &worker->slot->coupon;
    issuer->log = worker->cycle->log;

    if (bb_coupon_issuer_init(issuer) != NGX_OK) {
        bb_coupon_issuer_destroy(issuer);
        return NULL;
    }

    return issuer;
}


static ngx_int_t
bb_coupon_issuer_init(bb_coupon_issuer_t *issuer)
{
    ngx_array_t  *scripts;

    bb_coupon_claims_init(issuer);
    bb_coupon_issue_init(issuer);
    bb_coupon_commit_init(issuer);

    scripts = issuer->worker->conf->scripts;

    issuer->issue = bb_redis_script_find(scripts, "coupon_issue");
    issuer->put = bb_redis_script_find(scripts, "coupon_put");
    issuer->ack = bb_redis_script_find(scripts, "coupon_ack");
    issuer->holders = bb_redis_script_find(scripts, "coupon_holders");
    issuer->load_lock = bb_redis_script_find(scripts, "coupon_load_lock");
    issuer->load_users = bb_redis_script_find(scripts, "coupon_load_users");
    issuer->load = bb_redis_script_find(scripts, "coupon_load");
    issuer->late = bb_redis_script_find(scripts, "claims_late");
    issuer->soldout = bb_redis_script_find(scripts, "coupon_soldout");

    issuer->batch_statement = bb_postgres_statement_find("coupon/issue_batch");
    issuer->some_statement =
        bb_postgres_statement_find("coupon/issue_batch_some");
    issuer->load_statement = bb_postgres_statement_find("coupon/load");
    issuer->users_statement = bb_postgres_statement_find("coupon/load_users");
    issuer->ready_statement = bb_postgres_statement_find("core/ready");

    if (issuer->issue == NULL || issuer->put == NULL || issuer->ack == NULL
        || issuer->holders == NULL || issuer->load_lock == NULL
        || issuer->load_users == NULL || issuer->load == NULL
        || issuer->late == NULL || issuer->soldout == NULL
        || issuer->batch_statement == NULL || issuer->some_statement == NULL
        || issuer->load_statement == NULL || issuer->users_statement == NULL
        || issuer->ready_statement == NULL)
    {
        ngx_log_error(NGX_LOG_ALERT, issuer->log, 0,
                      "bb_store coupon: a script or statement is missing");
        return NGX_ERROR;
    }

    if (bb_coupon_committer_init(issuer) != NGX_OK) {
        return NGX_ERROR;
    }

    /* one sweeper a host is enough; a worker that died is replaced */

    if (ngx_process == NGX_PROCESS_SINGLE || ngx_worker == 0) {
        issuer->sweep = bb_coupon_sweep_create(issuer);
        if (issuer->sweep == NULL) {
            return NGX_ERROR;
        }

        if (issuer->worker->conf->audit) {
            issuer->reconcile = bb_coupon_reconcile_create(issuer);
            if (issuer->reconcile == NULL) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/* The clients are gone by now: none of their handlers will run. */

void
bb_coupon_issuer_destroy(bb_coupon_issuer_t *issuer)
{
    bb_coupon_issue_destroy(issuer);
    bb_coupon_commit_destroy(issuer);

    if (issuer->sweep) {
        bb_coupon_sweep_destroy(issuer->sweep);
    }

    if (issuer->reconcile) {
        bb_coupon_reconcile_destroy(issuer->reconcile);
    }

    if (issuer->learning) {
        bb_coupon_soldout_destroy(issuer->learning);
    }

    bb_coupon_claims_destroy(issuer);

    /* what claims and coupons are left ends with the process */

    ngx_free(issuer);
}

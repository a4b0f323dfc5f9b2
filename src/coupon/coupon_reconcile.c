/*
 * Rounds of audits over the live coupons.
 *
 * Coupons are read by id, some at a time, and looked at one after the other.
 * The background's round is slow: it pauses after each coupon and between the
 * chunks of one, and what cannot be looked at now it leaves to the next round.
 */

#include "coupon/coupon_reconcile.h"
#include "core/core_query.h"
#include "core/core_time.h"


#define BB_RECONCILE_PAUSE   200     /* ms between two coupons, at most */
#define BB_RECONCILE_SHARE   300     /* of the interval, the same */
#define BB_RECONCILE_PACE    10      /* ms between two chunks, at most */
#define BB_RECONCILE_AWAY    500     /* ms, while a store is away */


struct bb_coupon_reconcile_s {
    bb_coupon_issuer_t    *issuer;
    bb_coupon_round_t     *round;        /* NULL between two */
    ngx_event_t            timer;
    ngx_msec_t             began;
};


static bb_coupon_round_t *bb_round_create(bb_coupon_issuer_t *issuer,
    ngx_uint_t repair);
static void bb_round_read(bb_coupon_round_t *round);
static void bb_round_coupons(void *data, bb_postgres_rc_e rc, PGresult *res);
static void bb_round_next(bb_coupon_round_t *round);
static ngx_int_t bb_round_audit(bb_coupon_round_t *round);
static void bb_round_audited(void *data, bb_coupon_audit_t *audit);
static void bb_round_timer_handler(ngx_event_t *ev);
static ngx_uint_t bb_round_away(bb_coupon_round_t *round);
static void bb_round_end(bb_coupon_round_t *round, const char *failure);
static void bb_round_free(bb_coupon_round_t *round);
static void bb_reconcile_handler(ngx_event_t *ev);
static void bb_reconcile_done(void *data, bb_coupon_round_t *round);


bb_coupon_round_t *
bb_coupon_round_start(bb_coupon_issuer_t *issuer, ngx_uint_t repair,
    bb_round_handler_pt handler, void *data)
{
    bb_coupon_round_t  *round;

    round = bb_round_create(issuer, repair);
    if (round == NULL) {
        return NULL;
    }

    /* without a handler a failure is only noted */

    bb_round_read(round);

    if (round->failure) {
        bb_round_free(round);
        return NULL;
    }

    round->handler = handler;
    round->data = data;

    return round;
}


static bb_coupon_round_t *
bb_round_create(bb_coupon_issuer_t *issuer, ngx_uint_t repair)
{
    bb_coupon_round_t  *round;

    round = ngx_calloc(sizeof(bb_coupon_round_t), issuer->log);
    if (round == NULL) {
        return NULL;
    }

    round->issuer = issuer;
    round->repair = repair;
    round->last = INT64_MIN;

    round->timer.handler = bb_round_timer_handler;
    round->timer.data = round;
    round->timer.log = issuer->log;
    round->timer.cancelable = 1;

    return round;
}


void
bb_coupon_round_cancel(bb_coupon_round_t *round)
{
    if (round->postgres) {
        bb_postgres_forget(round->postgres);
    }

    if (round->audit) {
        bb_coupon_audit_cancel(round->audit);
    }

    bb_round_free(round);
}


static void
bb_round_free(bb_coupon_round_t *round)
{
    if (round->timer.timer_set) {
        ngx_del_timer(&round->timer);
    }

    ngx_free(round);
}


static void
bb_round_read(bb_coupon_round_t *round)
{
    u_char                          last[NGX_INT64_LEN + 1];
    u_char                          count[NGX_INT64_LEN + 1];
    bb_postgres_param_t             params[3];
    const bb_postgres_statement_t  *statement;

    statement = bb_postgres_statement_find("coupon/audit_live");
    ngx_memzero(params, sizeof(params));

    (void) ngx_sprintf(last, "%L%Z", round->last);
    (void) ngx_sprintf(count, "%d%Z", BB_ROUND_COUPONS);

    params[0].value = (char *) last;
    params[1].value = (char *) bb_time_today()->data;
    params[2].value = (char *) count;

    round->postgres = bb_postgres_call(round->issuer->worker->postgres,
                                       statement, params, 3, bb_round_coupons,
                                       round);
    if (round->postgres == NULL) {
        bb_round_end(round, "too much is waiting for PostgreSQL");
    }
}


static void
bb_round_coupons(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_round_t  *round = data;

    int  i, n;

    round->postgres = NULL;

    if (rc == BB_POSTGRES_ERROR) {
        (void) bb_query_failure(round->issuer->log, "coupon/audit_live", rc,
                                res);
        bb_round_end(round, "refused by PostgreSQL");
        return;
    }

    if (rc != BB_POSTGRES_OK) {
        bb_round_end(round, "PostgreSQL does not answer");
        return;
    }

    n = PQntuples(res);

    for (i = 0; i < n; i++) {
        round->coupons[i] = strtoll(PQgetvalue(res, i, 0), NULL, 10);
        round->last = round->coupons[i];
    }

    round->i = 0;
    round->n = n;
    round->end = (n < BB_ROUND_COUPONS);

    bb_round_next(round);
}


static void
bb_round_next(bb_coupon_round_t *round)
{
    if (ngx_exiting && round->pause) {
        /* the next process begins anew */
        return;
    }

    if (round->i < round->n) {
        if (bb_round_audit(round) != NGX_OK) {
            bb_round_end(round, "too much is waiting for PostgreSQL");
        }

        return;
    }

    if (round->end) {
        bb_round_end(round, NULL);
        return;
    }

    bb_round_read(round);
}


static ngx_int_t
bb_round_audit(bb_coupon_round_t *round)
{
    round->audit = bb_coupon_audit_start(round->issuer,
                                         round->coupons[round->i],
                                         round->repair, round->pace,
                                         bb_round_audited, round);

    return round->audit ? NGX_OK : NGX_ERROR;
}


static void
bb_round_audited(void *data, bb_coupon_audit_t *audit)
{
    bb_coupon_round_t  *round = data;

    bb_round_coupon_t  *found;

    round->audit = NULL;
    round->i++;
    round->repaired += bb_coupon_audit_repairs(&audit->repaired);

    if (audit->failure && round->pause == 0) {
        bb_round_end(round, audit->failure);
        return;
    }

    if (audit->failure) {
        round->failed++;

    } else if (!audit->unknown) {
        round->looked++;
        round->drift += audit->found;
    }

    if (audit->found) {

        if (round->inconsistent < BB_ROUND_COUPONS) {
            found = &round->first[round->inconsistent];
            found->coupon = audit->key.coupon;
            found->found = audit->found;
            found->left = bb_coupon_audit_differences(&audit->report);
        }

        round->inconsistent++;
    }

    if (round->pause) {
        ngx_add_timer(&round->timer, round->pause);
        return;
    }

    bb_round_next(round);
}


static void
bb_round_timer_handler(ngx_event_t *ev)
{
    bb_coupon_round_t  *round;

    round = ev->data;

    if (bb_round_away(round)) {
        ngx_add_timer(&round->timer, BB_RECONCILE_AWAY);
        return;
    }

    bb_round_next(round);
}


static ngx_uint_t
bb_round_away(bb_coupon_round_t *round)
{
    bb_worker_t  *worker;

    worker = round->issuer->worker;

    return bb_redis_state(worker->redis) != BB_REDIS_UP
           || bb_postgres_state(worker->postgres) != BB_POSTGRES_UP
           || bb_postgres_state(worker->postgres_write) != BB_POSTGRES_UP;
}


/* What the last look at all coupons found is in the status. */

static void
bb_round_end(bb_coupon_round_t *round, const char *failure)
{
    bb_audit_stat_t      *stat;
    bb_round_handler_pt   handler;

    round->failure = failure;
    stat = &round->issuer->worker->conf->shm->state->audit;

    if (failure == NULL) {
        stat->round = ngx_time();
        stat->coupons = round->looked;
        stat->failed = round->failed;
        stat->inconsistent = round->inconsistent;
        stat->drift = round->drift;
    }

    (void) ngx_atomic_fetch_add(&stat->repaired, round->repaired);

    handler = round->handler;

    if (handler) {
        handler(round->data, round);
        bb_round_free(round);
    }
}


bb_coupon_reconcile_t *
bb_coupon_reconcile_create(bb_coupon_issuer_t *issuer)
{
    time_t                  passed;
    ngx_msec_t              interval, wait;
    bb_shm_state_t         *state;
    bb_coupon_reconcile_t  *reconcile;

    reconcile = ngx_calloc(sizeof(bb_coupon_reconcile_t), issuer->log);
    if (reconcile == NULL) {
        return NULL;
    }

    reconcile->issuer = issuer;
    reconcile->timer.handler = bb_reconcile_handler;
    reconcile->timer.data = reconcile;
    reconcile->timer.log = issuer->log;
    reconcile->timer.cancelable = 1;

    /* an interval after the last round, also if another process made it */

    interval = issuer->worker->conf->audit;
    state = issuer->worker->conf->shm->state;

    passed = ngx_time() - ngx_max(state->audit.round, state->started);
    passed = ngx_max(passed, 0);

    wait = (ngx_msec_t) passed < interval / 1000
           ? interval - (ngx_msec_t) passed * 1000 : 1;

    ngx_add_timer(&reconcile->timer, wait);

    return reconcile;
}


void
bb_coupon_reconcile_destroy(bb_coupon_reconcile_t *reconcile)
{
    bb_coupon_round_t  *round;

    if (reconcile->timer.timer_set) {
        ngx_del_timer(&reconcile->timer);
    }

    round = reconcile->round;

    if (round) {

        /* its calls ended with the clients */

        round->postgres = NULL;

        if (round->audit) {
            round->audit->postgres = NULL;
            round->audit->redis = NULL;
        }

        bb_coupon_round_cancel(round);
    }

    ngx_free(reconcile);
}


static void
bb_reconcile_handler(ngx_event_t *ev)
{
    ngx_msec_t              interval;
    bb_coupon_round_t      *round;
    bb_coupon_reconcile_t  *reconcile;

    reconcile = ev->data;

    if (ngx_exiting) {
        return;
    }

    round = bb_round_create(reconcile->issuer, 1);

    if (round == NULL) {
        ngx_add_timer(&reconcile->timer, BB_RECONCILE_AWAY);
        return;
    }

    interval = reconcile->issuer->worker->conf->audit;

    round->pause = ngx_min(interval / BB_RECONCILE_SHARE + 1,
                           BB_RECONCILE_PAUSE);
    round->pace = ngx_min(round->pause, BB_RECONCILE_PACE);
    round->handler = bb_reconcile_done;
    round->data = reconcile;

    reconcile->round = round;
    reconcile->began = ngx_current_msec;

    /* reads the first coupons when both stores are there */

    ngx_add_timer(&round->timer, 1);
}


static void
bb_reconcile_done(void *data, bb_coupon_round_t *round)
{
    bb_coupon_reconcile_t *reconcile = data;

    ngx_msec_t  passed, interval;

    interval = reconcile->issuer->worker->conf->audit;
    passed = ngx_current_msec - reconcile->began;

    reconcile->round = NULL;

    ngx_add_timer(&reconcile->timer,
                  passed < interval ? interval - passed : round->pause);
}

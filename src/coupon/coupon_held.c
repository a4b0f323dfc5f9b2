/*
 * Claims that wait because another session has locked their coupon's row.
 *
 * They leave the queue of the commit, and those that follow join them, so that
 * the batches of other coupons go on.  Each such coupon gets batches of its own
 * in turn with the others.  One of these waits for the row as long as the
 * connection's lock_timeout allows, and after that not before a pause.
 */

#include "coupon/coupon_held.h"


#define BB_COUPON_HELD_PAUSE      250    /* ms, after the first wait in vain */
#define BB_COUPON_HELD_PAUSE_MAX  1000


static void bb_coupon_held_wake_handler(ngx_event_t *ev);


void
bb_coupon_held_init(bb_coupon_issuer_t *issuer)
{
    ngx_queue_init(&issuer->held);

    issuer->wake.handler = bb_coupon_held_wake_handler;
    issuer->wake.data = issuer;
    issuer->wake.log = issuer->log;
    issuer->wake.cancelable = 1;
}


/* Its claims are gone by now. */

void
bb_coupon_held_destroy(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t  *q;

    if (issuer->wake.timer_set) {
        ngx_del_timer(&issuer->wake);
    }

    while (!ngx_queue_empty(&issuer->held)) {
        q = ngx_queue_head(&issuer->held);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, bb_coupon_held_t, queue));
    }
}


bb_coupon_held_t *
bb_coupon_held_find(bb_coupon_issuer_t *issuer, int64_t coupon)
{
    ngx_queue_t       *q;
    bb_coupon_held_t  *held;

    for (q = ngx_queue_head(&issuer->held);
         q != ngx_queue_sentinel(&issuer->held);
         q = ngx_queue_next(q))
    {
        held = ngx_queue_data(q, bb_coupon_held_t, queue);

        if (held->coupon == coupon) {
            return held;
        }
    }

    return NULL;
}


bb_coupon_held_t *
bb_coupon_held_get(bb_coupon_issuer_t *issuer, int64_t coupon)
{
    bb_coupon_held_t  *held;

    held = bb_coupon_held_find(issuer, coupon);
    if (held) {
        return held;
    }

    held = ngx_calloc(sizeof(bb_coupon_held_t), issuer->log);
    if (held == NULL) {
        return NULL;
    }

    held->coupon = coupon;
    held->due = ngx_current_msec;

    ngx_queue_init(&held->claims);
    ngx_queue_insert_tail(&issuer->held, &held->queue);

    return held;
}


void
bb_coupon_held_put(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held,
    bb_coupon_claim_t *claim, ngx_uint_t head)
{
    if (head) {
        ngx_queue_insert_head(&held->claims, &claim->queue);

    } else {
        ngx_queue_insert_tail(&held->claims, &claim->queue);
    }

    issuer->nheld++;

    if (claim->intent->sweep) {
        bb_coupon_sweep_aside(claim->intent);
    }
}


bb_coupon_claim_t *
bb_coupon_held_take(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(&held->claims)) {
        return NULL;
    }

    q = ngx_queue_head(&held->claims);
    ngx_queue_remove(q);
    issuer->nheld--;

    return ngx_queue_data(q, bb_coupon_claim_t, queue);
}


bb_coupon_claim_t *
bb_coupon_held_any(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t        *q;
    bb_coupon_claim_t  *claim;

    for (q = ngx_queue_head(&issuer->held);
         q != ngx_queue_sentinel(&issuer->held);
         q = ngx_queue_next(q))
    {
        claim = bb_coupon_held_take(issuer,
                                    ngx_queue_data(q, bb_coupon_held_t,
                                                   queue));
        if (claim) {
            return claim;
        }
    }

    return NULL;
}


/* The one that waits longest; the next one to be due comes by the timer. */

bb_coupon_held_t *
bb_coupon_held_due(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t       *q;
    ngx_msec_int_t     wait, first;
    bb_coupon_held_t  *held, *due;

    due = NULL;
    first = 0;

    for (q = ngx_queue_head(&issuer->held);
         q != ngx_queue_sentinel(&issuer->held);
         q = ngx_queue_next(q))
    {
        held = ngx_queue_data(q, bb_coupon_held_t, queue);
        wait = (ngx_msec_int_t) (held->due - ngx_current_msec);

        if (due == NULL || wait < first) {
            due = held;
            first = wait;
        }
    }

    if (issuer->wake.timer_set) {
        ngx_del_timer(&issuer->wake);
    }

    if (due && first > 0) {
        ngx_add_timer(&issuer->wake, (ngx_msec_t) first);
        return NULL;
    }

    return due;
}


static void
bb_coupon_held_wake_handler(ngx_event_t *ev)
{
    bb_coupon_issuer_t  *issuer;

    issuer = ev->data;

    ngx_post_event(&issuer->post, &ngx_posted_events);
}


void
bb_coupon_held_locked(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held)
{
    ngx_msec_t  wait;

    if (held->pause == 0) {
        ngx_log_error(NGX_LOG_WARN, issuer->log, 0,
                      "bb_store coupon: coupon %L is locked by another "
                      "session, its claims wait", held->coupon);
    }

    held->pause = ngx_min(ngx_max(held->pause * 2, BB_COUPON_HELD_PAUSE),
                          BB_COUPON_HELD_PAUSE_MAX);

    /* between a half and all of it */
    wait = held->pause / 2;
    wait += ngx_random() % (wait + 1);

    held->due = ngx_current_msec + wait;
}


void
bb_coupon_held_release(bb_coupon_held_t *held)
{
    if (ngx_queue_empty(&held->claims)) {
        ngx_queue_remove(&held->queue);
        ngx_free(held);
        return;
    }

    /* the other ones' turn comes in between */
    held->due = ngx_current_msec;
}

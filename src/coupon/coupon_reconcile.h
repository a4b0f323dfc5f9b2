/*
 * Rounds of audits over all live coupons (not deleted, not ended): one that
 * somebody asked for, and those that the sweeping worker makes all the time.
 */

#ifndef _BB_COUPON_RECONCILE_H_INCLUDED_
#define _BB_COUPON_RECONCILE_H_INCLUDED_


#include "coupon/coupon_audit.h"


#define BB_ROUND_COUPONS  100    /* inconsistent ones that are named */


typedef struct bb_coupon_round_s  bb_coupon_round_t;

typedef void (*bb_round_handler_pt)(void *data, bb_coupon_round_t *round);


/* an inconsistent coupon, as it was found */

typedef struct {
    int64_t               coupon;
    uint64_t              found;         /* differences */
    uint64_t              left;          /* the same after the repair */
} bb_round_coupon_t;


struct bb_coupon_round_s {
    bb_coupon_issuer_t    *issuer;
    bb_round_handler_pt    handler;
    void                  *data;

    /* the outcome */
    ngx_uint_t             looked;       /* coupons */
    ngx_uint_t             failed;       /* coupons that could not be */
    ngx_uint_t             inconsistent;
    uint64_t               drift;        /* differences, all together */
    uint64_t               repaired;
    const char            *failure;      /* NULL, or why it was given up */
    bb_round_coupon_t      first[BB_ROUND_COUPONS];

    /* the one thing it waits for */
    bb_postgres_call_t    *postgres;
    bb_coupon_audit_t     *audit;
    ngx_event_t            timer;

    int64_t                coupons[BB_ROUND_COUPONS];    /* to look at next */
    ngx_uint_t             n;
    ngx_uint_t             i;
    int64_t                last;         /* id of the last one read */
    ngx_msec_t             pause;        /* between two coupons */
    ngx_msec_t             pace;         /* between two chunks of one */

    unsigned               repair:1;
    unsigned               end:1;        /* no more coupons */
};


/*
 * A round that somebody waits for, as fast as it goes; a store that is away
 * ends it.  The handler runs once, never before the start has returned, and
 * then the round is gone.  NULL: out of memory, or the queues are full.
 */
bb_coupon_round_t *bb_coupon_round_start(bb_coupon_issuer_t *issuer,
    ngx_uint_t repair, bb_round_handler_pt handler, void *data);

/* Gives a round up; its handler does not run. */
void bb_coupon_round_cancel(bb_coupon_round_t *round);


/* Rounds without end that repair; waits while a store is away. */
bb_coupon_reconcile_t *bb_coupon_reconcile_create(bb_coupon_issuer_t *issuer);
void bb_coupon_reconcile_destroy(bb_coupon_reconcile_t *reconcile);


#endif /* _BB_COUPON_RECONCILE_H_INCLUDED_ */

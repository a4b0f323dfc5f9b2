/* Claims of coupons whose row another session has locked; for the commit. */

#ifndef _BB_COUPON_HELD_H_INCLUDED_
#define _BB_COUPON_HELD_H_INCLUDED_


#include "coupon/coupon_issuer.h"


/* such a coupon; it exists as long as it has claims, or a batch */

struct bb_coupon_held_s {
    ngx_queue_t           queue;       /* in issuer->held */
    ngx_queue_t           claims;
    int64_t               coupon;
    ngx_msec_t            pause;       /* 0: nobody waited in vain yet */
    ngx_msec_t            due;         /* no batch of it before */
};


void bb_coupon_held_init(bb_coupon_issuer_t *issuer);
void bb_coupon_held_destroy(bb_coupon_issuer_t *issuer);

/* NULL: the coupon has none. */
bb_coupon_held_t *bb_coupon_held_find(bb_coupon_issuer_t *issuer,
    int64_t coupon);

/* Makes one unless there is one.  NULL: out of memory. */
bb_coupon_held_t *bb_coupon_held_get(bb_coupon_issuer_t *issuer,
    int64_t coupon);

/* A claim that is in no queue joins, at the head or at the end. */
void bb_coupon_held_put(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held,
    bb_coupon_claim_t *claim, ngx_uint_t head);

/* NULL: none is left. */
bb_coupon_claim_t *bb_coupon_held_take(bb_coupon_issuer_t *issuer,
    bb_coupon_held_t *held);

/* The same for whichever coupon. */
bb_coupon_claim_t *bb_coupon_held_any(bb_coupon_issuer_t *issuer);

/* The coupon whose batch is to be sent now; NULL: none, perhaps later. */
bb_coupon_held_t *bb_coupon_held_due(bb_coupon_issuer_t *issuer);

/* A batch has waited for the row in vain. */
void bb_coupon_held_locked(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held);

/* A batch has ended another way: frees it if that was the last one. */
void bb_coupon_held_release(bb_coupon_held_t *held);


#endif /* _BB_COUPON_HELD_H_INCLUDED_ */

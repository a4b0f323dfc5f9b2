/* One worker commits for all of its host; for the commit. */

#ifndef _BB_COUPON_COMMITTER_H_INCLUDED_
#define _BB_COUPON_COMMITTER_H_INCLUDED_


#include "coupon/coupon_issuer.h"


/* Of the letters that issue_batch() gives a claim, one more: not decided. */
#define BB_COUPON_RETURNED  'R'


/*
 * In the master: opens the socket at which the workers of this configuration
 * reach their committer, and which the configuration's end closes.
 */
ngx_int_t bb_coupon_committer_open(ngx_cycle_t *cycle,
    ngx_bb_store_main_conf_t *conf);

/* Nothing where each worker commits for itself.  NGX_ERROR: out of memory. */
ngx_int_t bb_coupon_committer_init(bb_coupon_issuer_t *issuer);

/* Claims that are lent come back to the queue of the commit. */
void bb_coupon_committer_destroy(bb_coupon_issuer_t *issuer);

/* Lends all claims in the queue of the commit; 0: they are to be sent here. */
ngx_uint_t bb_coupon_lend(bb_coupon_issuer_t *issuer);

/*
 * In the committer: says what became of a claim that another worker lent, and
 * frees it.  It is in no queue.
 */
void bb_coupon_borrowed_end(bb_coupon_claim_t *claim, u_char letter);

/* Sends what was said since the last time. */
void bb_coupon_borrowed_flush(bb_coupon_issuer_t *issuer);


#endif /* _BB_COUPON_COMMITTER_H_INCLUDED_ */

/*
 * Issuing coupons: claim in Redis, commit to PostgreSQL, acknowledge.
 *
 * One issuer a worker.  The claims that arrive for one coupon in one turn of
 * the event loop go to Redis as one script call; the granted ones go to
 * PostgreSQL in batches, one in flight at a time.
 */

#ifndef _BB_COUPON_ISSUE_H_INCLUDED_
#define _BB_COUPON_ISSUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "core/core_worker.h"


/* how a claim ended */

typedef enum {
    BB_COUPON_ISSUED = 0,
    BB_COUPON_ALREADY_ISSUED,
    BB_COUPON_SOLD_OUT,
    BB_COUPON_NOT_FOUND,
    BB_COUPON_DELETED,
    BB_COUPON_EXPIRED,
    BB_COUPON_NOT_STARTED,
    BB_COUPON_UNAVAILABLE,     /* not decided; a granted place is kept */
    BB_COUPON_REFUSED          /* PostgreSQL will never take the row; undone */
} bb_coupon_verdict_e;


typedef struct bb_coupon_claim_s  bb_coupon_claim_t;

/* Runs once, never before bb_coupon_claim() has returned. */
typedef void (*bb_coupon_handler_pt)(void *data, bb_coupon_verdict_e verdict);


/* Returns NULL, having logged why, if a script or memory is missing. */
bb_coupon_issuer_t *bb_coupon_issuer_create(bb_worker_t *worker);

/* Drops whatever is left; the intent log has what was granted. */
void bb_coupon_issuer_destroy(bb_coupon_issuer_t *issuer);

/*
 * Claims a coupon for a user.  nickname and phone are copied.
 * ack: when the handler learns of a success.  timeout: milliseconds until it
 * gets BB_COUPON_UNAVAILABLE at the latest; what was granted by then is
 * committed all the same.
 * Returns NULL, with nothing begun and the handler never run, when the worker
 * holds too many claims or memory is out.
 */
bb_coupon_claim_t *bb_coupon_claim(bb_coupon_issuer_t *issuer, int64_t coupon,
    int64_t user, const ngx_str_t *nickname, const ngx_str_t *phone,
    bb_ack_e ack, ngx_msec_t timeout, bb_coupon_handler_pt handler,
    void *data);

/* The owner of data goes away: the handler will not run; the claim goes on. */
void bb_coupon_claim_forget(bb_coupon_claim_t *claim);


#endif /* _BB_COUPON_ISSUE_H_INCLUDED_ */

/*
 * Sold-out coupons and their holders, known to all workers of this host: one
 * look-up without a lock answers a draw without Redis.
 *
 * A slot is written under the zone's mutex and read without it: its sequence
 * number is odd while it is written and another one afterwards, so a reader
 * that finds the same even number before and after has read one state.
 *
 * What a slot says holds for a limited time since it was confirmed by Redis,
 * which bounds how long an edit on another host can stay unknown here.
 */

#ifndef _BB_SHM_SOLDOUT_H_INCLUDED_
#define _BB_SHM_SOLDOUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define BB_SOLDOUT_SLOTS    1024       /* a coupon has one of them */
#define BB_SOLDOUT_HOLDERS  100000     /* of one coupon, at most */

#define BB_SOLDOUT_CONFIRM  300        /* ms after which somebody asks Redis */
#define BB_SOLDOUT_EXPIRE   900        /* ms after which all do */


typedef struct {
    ngx_atomic_t          seq;
    ngx_atomic_t          asked;       /* ms: a confirmation is under way */
    ngx_atomic_t          confirmed;   /* ms: when it was true */
    int64_t               coupon;
    int64_t               version;
    ngx_uint_t            end;         /* last day, yyyymmdd */
    ngx_uint_t            mask;        /* size of the table - 1 */
    int64_t              *users;       /* open addressing; NULL: free slot */
} bb_soldout_slot_t;


typedef enum {
    BB_SOLDOUT_UNKNOWN = 0,            /* ask Redis */
    BB_SOLDOUT_HOLDER,
    BB_SOLDOUT_NONE_LEFT
} bb_soldout_e;


typedef struct {
    bb_soldout_slot_t    *slots;       /* BB_SOLDOUT_SLOTS */
    ngx_slab_pool_t      *pool;
} bb_soldout_t;


/* What is known; today: yyyymmdd. */
bb_soldout_e bb_soldout_find(bb_soldout_t *soldout, int64_t coupon,
    int64_t user, ngx_uint_t today);

/* The slot's sequence number, to be given back with what was learned. */
ngx_atomic_uint_t bb_soldout_seq(bb_soldout_t *soldout, int64_t coupon);

/* The version of the coupon that its slot has; 0: none. */
int64_t bb_soldout_version(bb_soldout_t *soldout, int64_t coupon);

/*
 * Redis said at that time (ms, when it was asked) that nothing is left of this
 * version: it holds on.  Nothing if the slot is another one's.
 */
void bb_soldout_confirm(bb_soldout_t *soldout, int64_t coupon,
    int64_t version, ngx_msec_t when);

/*
 * Keeps the holders of a sold-out coupon, in place of what the slot had.  Of
 * the n users some may be doubles; different ones are distinct.  NGX_DECLINED:
 * they are not, or the slot has changed since seq, or there is no room.
 */
ngx_int_t bb_soldout_set(bb_soldout_t *soldout, int64_t coupon,
    int64_t version, ngx_uint_t end, const int64_t *users, ngx_uint_t n,
    ngx_uint_t distinct, ngx_atomic_uint_t seq, ngx_msec_t when);

/*
 * An edit, or a place that became free: forgets the coupon, and makes anything
 * that was learned before this call useless.
 */
void bb_soldout_clear(bb_soldout_t *soldout, int64_t coupon);


#endif /* _BB_SHM_SOLDOUT_H_INCLUDED_ */

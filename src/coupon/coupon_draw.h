/* C5, C6: drawing one coupon, or all that a store offers today. */

#ifndef _BB_COUPON_DRAW_H_INCLUDED_
#define _BB_COUPON_DRAW_H_INCLUDED_


#include "core/core_req.h"


/* the inputs of both, in the order of path and fields */

enum {
    BB_DRAW_ID = 0,            /* of the coupon, or of the store */
    BB_DRAW_NICKNAME,
    BB_DRAW_PHONE
};


void bb_coupon_draw_handler(bb_req_t *req);        /* C5 */
void bb_coupon_draw_all_handler(bb_req_t *req);    /* C6 */


#endif /* _BB_COUPON_DRAW_H_INCLUDED_ */

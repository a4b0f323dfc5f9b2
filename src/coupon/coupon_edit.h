/* C1, C2, C3: edits of a coupon, in PostgreSQL and then in Redis. */

#ifndef _BB_COUPON_EDIT_H_INCLUDED_
#define _BB_COUPON_EDIT_H_INCLUDED_


#include "core/core_req.h"


void bb_coupon_create_handler(bb_req_t *req);    /* C1 */
void bb_coupon_change_handler(bb_req_t *req);    /* C2, C3 */


#endif /* _BB_COUPON_EDIT_H_INCLUDED_ */

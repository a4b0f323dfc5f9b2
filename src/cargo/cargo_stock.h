/* Changes of stock by other services. */

#ifndef _BB_CARGO_STOCK_H_INCLUDED_
#define _BB_CARGO_STOCK_H_INCLUDED_


#include "core/core_req.h"


/* GI1, GI2 */
void bb_cargo_change_handler(bb_req_t *req);


#endif /* _BB_CARGO_STOCK_H_INCLUDED_ */

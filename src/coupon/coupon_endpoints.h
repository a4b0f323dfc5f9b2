/* The endpoints of the coupon domain. */

#ifndef _BB_COUPON_ENDPOINTS_H_INCLUDED_
#define _BB_COUPON_ENDPOINTS_H_INCLUDED_


#include "core/core_endpoint.h"


extern const bb_endpoint_t  bb_coupon_endpoints[];


#endif /* _BB_COUPON_ENDPOINTS_H_INCLUDED_ */

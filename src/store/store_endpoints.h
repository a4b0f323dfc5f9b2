/* The endpoints of the store domain. */

#ifndef _BB_STORE_ENDPOINTS_H_INCLUDED_
#define _BB_STORE_ENDPOINTS_H_INCLUDED_


#include "core/core_endpoint.h"


extern const bb_endpoint_t  bb_store_endpoints[];


#endif /* _BB_STORE_ENDPOINTS_H_INCLUDED_ */

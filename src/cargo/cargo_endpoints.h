/* The endpoints of the cargo domain: the stock of a store's flowers. */

#ifndef _BB_CARGO_ENDPOINTS_H_INCLUDED_
#define _BB_CARGO_ENDPOINTS_H_INCLUDED_


#include "core/core_endpoint.h"


extern const bb_endpoint_t  bb_cargo_endpoints[];


#endif /* _BB_CARGO_ENDPOINTS_H_INCLUDED_ */

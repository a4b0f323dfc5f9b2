/* The endpoints of the question domain. */

#ifndef _BB_QUESTION_ENDPOINTS_H_INCLUDED_
#define _BB_QUESTION_ENDPOINTS_H_INCLUDED_


#include "core/core_endpoint.h"


extern const bb_endpoint_t  bb_question_endpoints[];


#endif /* _BB_QUESTION_ENDPOINTS_H_INCLUDED_ */

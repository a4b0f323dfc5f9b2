/*
 * Endpoints of the store domain that need more than their statement: other
 * services' answers, or the cache of the store list.
 */

#ifndef _BB_STORE_FACADE_H_INCLUDED_
#define _BB_STORE_FACADE_H_INCLUDED_


#include "core/core_req.h"


/* the inputs of S1, in the order of its fields; S2 has the store's id first */

enum {
    BB_STORE_FIELDS = 15,
    BB_STORE_SIDO = 8,
    BB_STORE_GUGUN = 9
};


void bb_store_create_handler(bb_req_t *req);      /* S1 */
void bb_store_update_handler(bb_req_t *req);      /* S2 */
void bb_store_list_handler(bb_req_t *req);        /* S4 */
void bb_store_page_handler(bb_req_t *req);        /* S5 */
void bb_store_map_handler(bb_req_t *req);         /* S7, S8 */


#endif /* _BB_STORE_FACADE_H_INCLUDED_ */

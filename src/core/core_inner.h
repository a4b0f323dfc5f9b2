/*
 * Requests of a worker's own, for calls to other services that no client waits
 * for: a call is a subrequest, and that needs a request on a connection.
 */

#ifndef _BB_CORE_INNER_H_INCLUDED_
#define _BB_CORE_INNER_H_INCLUDED_


#include "core/core_req.h"


/*
 * Makes a request in the server ctx whose calls are those of the location lcf.
 * It has no route, user or inputs, and nothing is to be replied.  NULL: no
 * memory or no connection, logged.
 */
bb_req_t *bb_inner_create(bb_worker_t *worker, ngx_bb_store_loc_conf_t *lcf,
    ngx_http_conf_ctx_t *ctx);

/*
 * All calls are started: sends them.  The request ends with the last of them,
 * now if there is none; req may be gone after this.
 */
void bb_inner_run(bb_req_t *req);

/* Ends it now, and its calls with it. */
void bb_inner_abort(bb_req_t *req);


#endif /* _BB_CORE_INNER_H_INCLUDED_ */

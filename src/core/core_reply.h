/*
 * Answers: the only place that writes the envelope and knows HTTP statuses.
 *
 * Each of these functions answers and finalizes the request, once; the caller
 * returns at once afterwards.  Outside the phase handler it then runs
 * ngx_http_run_posted_requests() with the connection taken before.
 */

#ifndef _BB_CORE_REPLY_H_INCLUDED_
#define _BB_CORE_REPLY_H_INCLUDED_


#include "core/core_error.h"
#include "core/core_req.h"


/* 200 with an empty body */
void bb_reply_void(bb_req_t *req);

/* 200 and the SUCCESS envelope; data: JSON text, copied; NULL for null */
void bb_reply_data(bb_req_t *req, const ngx_str_t *data);

/* 200 and the FAIL envelope of a business error */
void bb_reply_fail(bb_req_t *req, bb_error_e error);

/*
 * 400, 405, 413 or 415 and the envelope of an invalid request; reason: short,
 * English, plain ASCII without quotes; it may contain one %V for name
 */
void bb_reply_invalid(bb_req_t *req, ngx_uint_t status, const char *reason,
    const ngx_str_t *name);

/* 503 and Retry-After: a store is away or too slow */
void bb_reply_unavailable(bb_req_t *req);

/* 500: our fault; the cause was logged */
void bb_reply_error(bb_req_t *req);

/* 200 to OPTIONS or 405 to others, with the methods of these routes */
void bb_reply_methods(bb_req_t *req, bb_route_t *routes);

/* 404 and the envelope: no such path, and nothing to pass it to */
void bb_reply_not_found(bb_req_t *req);

/*
 * Turns nginx's own error pages into the envelope: that of 413 for requests
 * that would have been answered here, and those of a body that it could not
 * read.
 */
ngx_int_t bb_reply_filter_init(ngx_conf_t *cf);


#endif /* _BB_CORE_REPLY_H_INCLUDED_ */

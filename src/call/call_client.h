/*
 * Calls to other services: background subrequests to internal locations, so
 * that upstreams, keepalive, TLS and timeouts are nginx's own configuration.
 */

#ifndef _BB_CALL_CLIENT_H_INCLUDED_
#define _BB_CALL_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>

#include "call/call_conf.h"
#include "core/core_req.h"


/*
 * The call ended: data is the "data" of a SUCCESS envelope, borrowed for the
 * time of the handler, of the kind that the operation promises; NULL: the call
 * failed, and req->call_failure says why.
 */
typedef void (*bb_call_handler_pt)(bb_req_t *req, void *data, json_t *answer);

/*
 * Calls an operation for req.  path: below the service's location, beginning
 * with a slash; args: query, or empty; body: JSON, or NULL for a GET.  All must
 * live as long as the request.  with_user: send the caller's userId.
 *
 * NGX_OK: handler runs once, after this function has returned, at the deadline
 * at the latest; not at all if the request ends first.
 * NGX_DECLINED: failed at once (breaker open, no such service configured, out
 * of memory); the handler does not run.
 */
ngx_int_t bb_call_start(bb_req_t *req, bb_call_op_e op, ngx_str_t *path,
    ngx_str_t *args, ngx_str_t *body, ngx_uint_t with_user,
    bb_call_handler_pt handler, void *data);

/*
 * How many calls of an operation would be let through now.  0: its breaker is
 * open.
 */
ngx_uint_t bb_call_room(ngx_bb_store_main_conf_t *conf, bb_call_op_e op);

/* Adds the filter that takes the answers' bodies. */
ngx_int_t bb_call_filter_init(ngx_conf_t *cf);


#endif /* _BB_CALL_CLIENT_H_INCLUDED_ */

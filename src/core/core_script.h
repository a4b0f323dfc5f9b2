/* One script call to Redis for a request. */

#ifndef _BB_CORE_SCRIPT_H_INCLUDED_
#define _BB_CORE_SCRIPT_H_INCLUDED_


#include "core/core_req.h"


/*
 * Runs when the call ended, not at all if the request ends first.  reply: NULL
 * if Redis did not answer or refused (that is logged).
 */
typedef void (*bb_script_next_pt)(bb_req_t *req, redisReply *reply);

/*
 * Runs a script of that name; argv as in bb_redis_eval().  NGX_OK: next will
 * run; NGX_DECLINED: it will not, nothing was sent.
 */
ngx_int_t bb_script_run(bb_req_t *req, const char *name, ngx_uint_t nkeys,
    ngx_str_t *argv, ngx_uint_t argc, bb_script_next_pt next);


#endif /* _BB_CORE_SCRIPT_H_INCLUDED_ */

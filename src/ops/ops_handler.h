/* The operations listener: health and status, for ops and their probes. */

#ifndef _BB_OPS_HANDLER_H_INCLUDED_
#define _BB_OPS_HANDLER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>

#include "core/core_worker.h"


/* The content handler of a location with bb_store_ops. */
ngx_int_t bb_ops_handler(ngx_http_request_t *r);


/*
 * A request to the operations listener that waits for Redis or PostgreSQL; in
 * the request's pool.  When the client leaves, what is in flight is forgotten.
 */

typedef struct bb_ops_s  bb_ops_t;

#define BB_OPS_REDIS_CALLS  64

struct bb_ops_s {
    ngx_http_request_t    *r;
    bb_worker_t           *worker;
    ngx_uint_t             left;       /* calls that have not ended */
    bb_redis_call_t       *redis[BB_OPS_REDIS_CALLS];
    bb_postgres_call_t    *postgres;

    const char            *redis_failure;     /* NULL: none so far */
    const char            *postgres_failure;
    char                   text[256];         /* for a failure's text */

    /* sums over the partitions */
    int64_t                entries;
    int64_t                oldest;            /* ms */
    int64_t                dead;

    void                 (*done)(bb_ops_t *ops);
};


/* One call fewer; the last one runs ops->done, which must answer. */
void bb_ops_call_done(bb_ops_t *ops);

/* Answers with a JSON document, which is given away. */
void bb_ops_reply(ngx_http_request_t *r, ngx_uint_t status, json_t *json);

/*
 * /ops/audit and /ops/coupons/<id>/audit, see ops_audit.c.  NGX_DECLINED:
 * another path.
 */
ngx_int_t bb_ops_audit(ngx_http_request_t *r);

/* Start the work of /readyz and /ops/status. */
void bb_ops_ready(bb_ops_t *ops);
void bb_ops_status(bb_ops_t *ops);


#endif /* _BB_OPS_HANDLER_H_INCLUDED_ */

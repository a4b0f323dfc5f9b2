/*
 * The request context: what an endpoint gets to work with, from the match of
 * its route to the answer.
 */

#ifndef _BB_CORE_REQ_H_INCLUDED_
#define _BB_CORE_REQ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>

#include "core/core_conf.h"
#include "core/core_route.h"
#include "core/core_worker.h"


/* one checked input */

typedef struct {
    int64_t      i;        /* integers */
    ngx_str_t    s;        /* all others as a statement wants them, with a
                              zero at the end; data is NULL for integers */
    unsigned     null:1;   /* absent or null */
} bb_value_t;


struct bb_req_s {
    ngx_http_request_t          *r;
    ngx_bb_store_main_conf_t    *conf;
    ngx_bb_store_loc_conf_t     *lcf;
    bb_worker_t                 *worker;
    const bb_route_t            *route;

    /* what the phase handler returns when nginx enters it again */
    ngx_int_t                    status;

    int64_t                      user;
    bb_value_t                  *values;   /* one for each of route->inputs */
    json_t                      *body;     /* owned; freed with the request */
    ngx_array_t                 *numbers;  /* of ngx_str_t: set aside from it */

    ngx_queue_t                  ops;      /* of bb_op_t, in flight */
    void                        *data;     /* the endpoint's own */
    ngx_str_t                    call_failure; /* of the last call that did */
    ngx_str_t                   *page;     /* instead of nginx's error page */

    unsigned                     has_user:1;
    unsigned                     replied:1;
};


/*
 * Something in flight for a request, in the request's pool.  If the request
 * ends first, forget() is called so that done never runs.
 */

typedef struct bb_op_s  bb_op_t;

struct bb_op_s {
    ngx_queue_t     queue;
    bb_req_t       *req;
    void           *call;                  /* the client's handle */
    void          (*forget)(void *call);
};


/*
 * The phase handler.  NGX_DECLINED: not ours, pass onward; otherwise the
 * request is, or will be, answered here.
 */
ngx_int_t bb_req_handler(ngx_http_request_t *r);

/*
 * What a request in one of our locations asks for.  NGX_OK: match is set, and
 * one of its routes at least is served, whatever their methods; NGX_DECLINED:
 * it goes onward; NGX_HTTP_NOT_FOUND: it does not, and is nothing either;
 * NGX_HTTP_INTERNAL_SERVER_ERROR: out of memory.
 */
ngx_int_t bb_req_match(ngx_http_request_t *r, ngx_bb_store_loc_conf_t *lcf,
    ngx_bb_store_main_conf_t *conf, bb_route_match_t *match);

/*
 * Makes the context of a request; route NULL: it is none of an endpoint.  NULL:
 * out of memory.
 */
bb_req_t *bb_req_create(ngx_http_request_t *r, ngx_bb_store_loc_conf_t *lcf,
    ngx_bb_store_main_conf_t *conf, const bb_route_t *route);

/* Registers what is in flight; op is in the request's pool. */
void bb_req_op_add(bb_req_t *req, bb_op_t *op, void *call,
    void (*forget)(void *call));

/* It has ended: no forget() any more. */
void bb_req_op_done(bb_op_t *op);

/*
 * For what goes on when its request has ended: binds op, which is not in the
 * request's pool, and takes the request back when it can be answered, with its
 * connection.  NULL: it has ended, or was taken before.
 */
void bb_req_op_bind(bb_req_t *req, bb_op_t *op);
bb_req_t *bb_req_op_take(bb_op_t *op, ngx_connection_t **c);

/* Whether the owner rule applies to this request. */
#define bb_req_owner_check(req)  ((req)->lcf->owner_check)


#endif /* _BB_CORE_REQ_H_INCLUDED_ */

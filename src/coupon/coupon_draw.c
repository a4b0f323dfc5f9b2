/* C5, C6: drawing one coupon, or all that a store offers today. */

#include "coupon/coupon_draw.h"
#include "coupon/coupon_issue.h"
#include "core/core_query.h"
#include "core/core_reply.h"
#include "core/core_time.h"


typedef struct {
    bb_op_t         op;
} bb_coupon_draw_t;


/* of C6: how its draws went so far */

typedef struct {
    ngx_uint_t      left;
    unsigned        unavailable:1;
    unsigned        refused:1;
} bb_coupon_draws_t;


static bb_soldout_e bb_coupon_draw_known(bb_req_t *req, int64_t coupon);
static bb_coupon_claim_t *bb_coupon_draw(bb_req_t *req, int64_t coupon,
    bb_coupon_handler_pt handler, bb_coupon_draw_t *draw);
static void bb_coupon_draw_forget(void *call);
static void bb_coupon_draw_done(void *data, bb_coupon_verdict_e verdict);
static void bb_coupon_draw_open(bb_req_t *req, PGresult *res);
static void bb_coupon_draw_one_done(void *data, bb_coupon_verdict_e verdict);
static void bb_coupon_draw_reply(bb_req_t *req, bb_coupon_draws_t *draws);


void
bb_coupon_draw_handler(bb_req_t *req)
{
    bb_coupon_draw_t  *draw;

    switch (bb_coupon_draw_known(req, req->values[BB_DRAW_ID].i)) {

    case BB_SOLDOUT_HOLDER:
        bb_reply_fail(req, BB_E_COUPON_ALREADY_ISSUED);
        return;

    case BB_SOLDOUT_NONE_LEFT:
        bb_reply_fail(req, BB_E_COUPON_SOLD_OUT);
        return;

    default:
        break;
    }

    draw = ngx_palloc(req->r->pool, sizeof(bb_coupon_draw_t));

    if (draw == NULL
        || bb_coupon_draw(req, req->values[BB_DRAW_ID].i, bb_coupon_draw_done,
                          draw)
           == NULL)
    {
        bb_reply_unavailable(req);
    }
}


/* What the zone knows of the coupon and the caller. */

static bb_soldout_e
bb_coupon_draw_known(bb_req_t *req, int64_t coupon)
{
    bb_soldout_e  known;

    if (!req->lcf->coupon_cache) {
        return BB_SOLDOUT_UNKNOWN;
    }

    known = bb_soldout_find(&req->conf->shm->soldout, coupon, req->user,
                            bb_time_today_number());

    req->worker->slot->coupon.known += (known != BB_SOLDOUT_UNKNOWN);

    return known;
}


static bb_coupon_claim_t *
bb_coupon_draw(bb_req_t *req, int64_t coupon, bb_coupon_handler_pt handler,
    bb_coupon_draw_t *draw)
{
    bb_coupon_claim_t  *claim;

    claim = bb_coupon_claim(req->worker->issuer, coupon, req->user,
                            &req->values[BB_DRAW_NICKNAME].s,
                            &req->values[BB_DRAW_PHONE].s,
                            req->lcf->coupon_ack, req->lcf->coupon_timeout,
                            handler, draw);

    if (claim) {
        bb_req_op_add(req, &draw->op, claim, bb_coupon_draw_forget);
    }

    return claim;
}


static void
bb_coupon_draw_forget(void *call)
{
    bb_coupon_claim_forget(call);
}


static void
bb_coupon_draw_done(void *data, bb_coupon_verdict_e verdict)
{
    bb_coupon_draw_t  *draw = data;

    bb_req_t          *req;
    ngx_connection_t  *c;

    static const bb_error_e  errors[] = {
        [BB_COUPON_ALREADY_ISSUED] = BB_E_COUPON_ALREADY_ISSUED,
        [BB_COUPON_SOLD_OUT] = BB_E_COUPON_SOLD_OUT,
        [BB_COUPON_NOT_FOUND] = BB_E_COUPON_NOT_FOUND,
        [BB_COUPON_DELETED] = BB_E_COUPON_DELETED,
        [BB_COUPON_EXPIRED] = BB_E_COUPON_EXPIRED,
        [BB_COUPON_NOT_STARTED] = BB_E_COUPON_NOT_STARTED
    };

    req = draw->op.req;
    c = req->r->connection;

    bb_req_op_done(&draw->op);

    switch (verdict) {

    case BB_COUPON_ISSUED:
        bb_reply_void(req);
        break;

    case BB_COUPON_UNAVAILABLE:
        bb_reply_unavailable(req);
        break;

    case BB_COUPON_REFUSED:
        bb_reply_error(req);
        break;

    default:
        bb_reply_fail(req, errors[verdict]);
        break;
    }

    ngx_http_run_posted_requests(c);
}


void
bb_coupon_draw_all_handler(bb_req_t *req)
{
    bb_query_run(req, bb_coupon_draw_open);
}


/* The result's data: ids of the coupons, in decimal, with commas between. */

static void
bb_coupon_draw_open(bb_req_t *req, PGresult *res)
{
    char               *p;
    int64_t             id;
    ngx_uint_t          n;
    bb_coupon_draw_t   *draw;
    bb_coupon_draws_t  *draws;

    if (bb_query_check(req, res) != NGX_OK) {
        return;
    }

    draws = ngx_pcalloc(req->r->pool, sizeof(bb_coupon_draws_t));
    if (draws == NULL) {
        bb_reply_error(req);
        return;
    }

    req->data = draws;
    n = 0;

    for (p = PQgetvalue(res, 0, 1); *p; p += (*p == ',')) {
        id = strtoll(p, &p, 10);

        if (bb_coupon_draw_known(req, id) != BB_SOLDOUT_UNKNOWN) {
            continue;
        }

        draw = ngx_palloc(req->r->pool, sizeof(bb_coupon_draw_t));

        if (draw == NULL
            || bb_coupon_draw(req, id, bb_coupon_draw_one_done, draw) == NULL)
        {
            draws->unavailable = 1;
            break;
        }

        n++;
    }

    draws->left = n;

    if (n == 0) {
        bb_coupon_draw_reply(req, draws);
    }
}


static void
bb_coupon_draw_one_done(void *data, bb_coupon_verdict_e verdict)
{
    bb_coupon_draw_t  *draw = data;

    bb_req_t           *req;
    ngx_connection_t   *c;
    bb_coupon_draws_t  *draws;

    req = draw->op.req;
    c = req->r->connection;
    draws = req->data;

    bb_req_op_done(&draw->op);

    if (verdict == BB_COUPON_UNAVAILABLE) {
        draws->unavailable = 1;

    } else if (verdict == BB_COUPON_REFUSED) {
        draws->refused = 1;
    }

    if (--draws->left == 0) {
        bb_coupon_draw_reply(req, draws);
        ngx_http_run_posted_requests(c);
    }
}


static void
bb_coupon_draw_reply(bb_req_t *req, bb_coupon_draws_t *draws)
{
    if (draws->refused) {
        bb_reply_error(req);

    } else if (draws->unavailable) {
        bb_reply_unavailable(req);

    } else {
        bb_reply_void(req);
    }
}

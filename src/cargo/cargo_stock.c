/* Changes of stock by other services: the statement's answer, or 400. */

#include "cargo/cargo_stock.h"
#include "core/core_query.h"
#include "core/core_reply.h"


static void bb_cargo_change_done(bb_req_t *req, PGresult *res);


void
bb_cargo_change_handler(bb_req_t *req)
{
    bb_query_run(req, bb_cargo_change_done);
}


static void
bb_cargo_change_done(bb_req_t *req, PGresult *res)
{
    /* column 2 "key_reused": the key came with another request before */

    if (*PQgetvalue(res, 0, 2) == 't') {
        bb_reply_invalid(req, NGX_HTTP_BAD_REQUEST,
                         "Idempotency-Key belongs to another request", NULL);
        return;
    }

    bb_query_reply(req, res);
}

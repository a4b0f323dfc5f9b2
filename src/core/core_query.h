/* One statement for a request, and the usual answer to its result. */

#ifndef _BB_CORE_QUERY_H_INCLUDED_
#define _BB_CORE_QUERY_H_INCLUDED_


#include "core/core_req.h"


/* Runs when the statement ended; not at all if the request ends first. */
typedef void (*bb_query_next_pt)(bb_req_t *req, PGresult *res);

/*
 * Runs the statement of the request's endpoint with its declared parameters.
 * A failure of PostgreSQL is answered here (503 or 500); otherwise next gets
 * the result, whose first row exists, and must answer or go on.
 */
void bb_query_run(bb_req_t *req, bb_query_next_pt next);

/*
 * Answers from the first row: column 0 "failure" names a business error, or is
 * NULL; column 1 "data" is the JSON of a success.
 */
void bb_query_reply(bb_req_t *req, PGresult *res);

/* NGX_OK if the row has no failure; NGX_DONE: it had, and was answered. */
ngx_int_t bb_query_check(bb_req_t *req, PGresult *res);

/*
 * Answers a call that did not succeed: it failed, or has no row, or its row has
 * a failure, or, without one, is not what it should be.  Logs what is a fault.
 * req NULL: nobody waits.
 */
void bb_query_refuse(bb_req_t *req, const char *statement,
    bb_postgres_rc_e rc, PGresult *res);

/*
 * Sets the declared parameters of the request's statement; params has room for
 * BB_POSTGRES_MAX_PARAMS.  Their texts are in the request's pool.
 */
ngx_int_t bb_query_params(bb_req_t *req, bb_postgres_param_t *params);

/* One of them, from an input or a number; a text stays where it is. */
ngx_int_t bb_query_param(bb_req_t *req, const bb_value_t *value,
    bb_postgres_param_t *param);
ngx_int_t bb_query_param_int(bb_req_t *req, int64_t n,
    bb_postgres_param_t *param);

/*
 * What to do after a failed call: NGX_AGAIN if it may succeed later (503), or
 * NGX_ERROR if it will not (500).  Logs the statement's failure.
 */
ngx_int_t bb_query_failure(ngx_log_t *log, const char *statement,
    bb_postgres_rc_e rc, PGresult *res);


#endif /* _BB_CORE_QUERY_H_INCLUDED_ */

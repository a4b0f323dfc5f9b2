/*
 * Answers to questions.
 *
 * The message to the asker is stored with the answer, where it waits for the
 * asker's phone number.  The number is asked for behind the reply; if it does
 * not come now, the message waits on, and question_phone.c asks again.
 */

#include "question/question_facade.h"
#include "call/call_client.h"
#include "core/core_query.h"
#include "core/core_reply.h"
#include "question/question_phone.h"


/* columns of sql/question/answer.sql after failure and data */

#define BB_QUESTION_NOTICE  2
#define BB_QUESTION_ASKER   3


static void bb_question_answered(bb_req_t *req, PGresult *res);
static void bb_question_ask(bb_req_t *req, PGresult *res);
static void bb_question_number(bb_req_t *req, void *data, json_t *answer);
static void bb_question_notified(void *data, bb_postgres_rc_e rc,
    PGresult *res);


void
bb_question_answer_handler(bb_req_t *req)
{
    bb_query_run(req, bb_question_answered);
}


static void
bb_question_answered(bb_req_t *req, PGresult *res)
{
    if (bb_query_check(req, res) != NGX_OK) {
        return;
    }

    /* first the call, as it keeps the request beyond the reply */

    if (!PQgetisnull(res, 0, BB_QUESTION_NOTICE)) {
        bb_question_ask(req, res);
    }

    bb_reply_void(req);
}


static void
bb_question_ask(bb_req_t *req, PGresult *res)
{
    size_t      len;
    u_char     *p;
    ngx_str_t  *path;

    len = PQgetlength(res, 0, BB_QUESTION_NOTICE) + 1;

    path = ngx_palloc(req->r->pool, sizeof(ngx_str_t) + len
                                    + BB_QUESTION_PHONE_PATH_LEN);
    if (path == NULL) {
        return;
    }

    /* the outbox row, then the path */

    p = (u_char *) &path[1];
    req->data = p;
    p = ngx_cpymem(p, PQgetvalue(res, 0, BB_QUESTION_NOTICE), len);

    path->data = p;
    path->len = ngx_sprintf(p, BB_QUESTION_PHONE_PATH,
                            PQgetvalue(res, 0, BB_QUESTION_ASKER)) - p;

    if (bb_call_start(req, BB_CALL_PHONE_NUMBER, path, NULL, NULL, 0,
                      bb_question_number, NULL)
        == NGX_OK)
    {
        /* a next request on this connection would wait for the call to end */
        req->r->keepalive = 0;
    }
}


static void
bb_question_number(bb_req_t *req, void *data, json_t *answer)
{
    bb_postgres_param_t              params[2];
    const bb_postgres_statement_t   *statement;

    if (answer == NULL) {
        return;
    }

    statement = bb_postgres_statement_find("question/notify");

    ngx_memzero(params, sizeof(params));
    params[0].value = req->data;
    params[1].value = json_string_value(answer);   /* NULL if it is null */

    (void) bb_postgres_call(req->worker->postgres_write, statement, params, 2,
                            bb_question_notified, (void *) statement->name);
}


/* The request may be gone by now. */

static void
bb_question_notified(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    if (rc != BB_POSTGRES_OK) {
        (void) bb_query_failure(ngx_cycle->log, data, rc, res);
    }
}

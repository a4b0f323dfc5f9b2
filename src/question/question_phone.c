/*
 * Phone numbers for the messages of answers.
 *
 * The message is stored with the answer and waits for the number of who asked,
 * which another service knows.  No request asks for it: every second the worker
 * takes some messages that are due and asks for their numbers, all at once, with
 * calls of its own.  Taking a message moves its next turn: whatever ends
 * meanwhile, it comes again.
 *
 * A row: taken -> asking -> storing -> done, or done at once after a failure
 * that was not the last one.  What is stored: the number; the dead letter of a
 * last attempt; that there was no attempt, as the breaker had opened.  When all
 * rows are done it looks again.
 */

#include "question/question_phone.h"
#include "call/call_client.h"
#include "core/core_inner.h"
#include "core/core_query.h"


/* of the call, with the user's id as text, and what it needs with a zero */
#define BB_QUESTION_PHONE_PATH      "/client/users/%s/phone-number"
#define BB_QUESTION_PHONE_PATH_LEN                                            \
    (sizeof(BB_QUESTION_PHONE_PATH) + NGX_INT64_LEN)

#define BB_QUESTION_PHONE_ROWS      10      /* asked for at a time */
#define BB_QUESTION_PHONE_ATTEMPTS  12      /* over more than an hour */
#define BB_QUESTION_PHONE_PAUSE     1000    /* ms between two looks */

#define BB_QUESTION_PHONE_REASON    128


typedef struct {
    bb_question_phone_t             *phone;
    const bb_postgres_statement_t   *statement;      /* that stores it */
    ngx_str_t                        path;
    ngx_uint_t                       attempt;
    unsigned                         asking:1;
    char                             id[NGX_INT64_LEN + 1];
    char                             attempt_text[NGX_INT64_LEN + 1];
    char                             reason[BB_QUESTION_PHONE_REASON];
    u_char                           path_text[BB_QUESTION_PHONE_PATH_LEN];
} bb_question_phone_row_t;


struct bb_question_phone_s {
    bb_worker_t                     *worker;
    bb_question_stat_t              *stat;
    ngx_event_t                      timer;
    bb_op_t                          op;       /* op.req: whose calls they are,
                                                  until it has ended */
    ngx_uint_t                       left;     /* rows that are not done */
    ngx_uint_t                       more;     /* there may be more due */

    const bb_postgres_statement_t   *take;
    const bb_postgres_statement_t   *notify;
    const bb_postgres_statement_t   *back;
    const bb_postgres_statement_t   *dead;

    bb_question_phone_row_t          rows[BB_QUESTION_PHONE_ROWS];
};


static void bb_question_phone_handler(ngx_event_t *ev);
static void bb_question_phone_taken(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_question_phone_row(bb_question_phone_row_t *row,
    PGresult *res, int n);
static void bb_question_phone_ask(bb_question_phone_row_t *row,
    bb_req_t *req);
static void bb_question_phone_ended(void *call);
static void bb_question_phone_answer(bb_req_t *req, void *data,
    json_t *answer);
static void bb_question_phone_failed(bb_question_phone_row_t *row,
    const char *what, const ngx_str_t *reason);
static void bb_question_phone_store(bb_question_phone_row_t *row,
    const bb_postgres_statement_t *statement, const char *second,
    const char *third);
static void bb_question_phone_stored(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_question_phone_done(bb_question_phone_t *phone);


bb_question_phone_t *
bb_question_phone_create(bb_worker_t *worker)
{
    bb_question_phone_t  *phone;

    phone = ngx_calloc(sizeof(bb_question_phone_t), worker->cycle->log);
    if (phone == NULL) {
        return NULL;
    }

    phone->worker = worker;
    phone->stat = &worker->slot->question;

    phone->take = bb_postgres_statement_find("question/phone_take");
    phone->notify = bb_postgres_statement_find("question/notify");
    phone->back = bb_postgres_statement_find("question/phone_back");
    phone->dead = bb_postgres_statement_find("question/phone_dead");

    if (phone->take == NULL || phone->notify == NULL || phone->back == NULL
        || phone->dead == NULL)
    {
        ngx_log_error(NGX_LOG_ALERT, worker->cycle->log, 0,
                      "bb_store question: a statement is missing");
        ngx_free(phone);
        return NULL;
    }

    phone->timer.handler = bb_question_phone_handler;
    phone->timer.data = phone;
    phone->timer.log = worker->cycle->log;
    phone->timer.cancelable = 1;

    ngx_add_timer(&phone->timer, BB_QUESTION_PHONE_PAUSE);

    return phone;
}


void
bb_question_phone_destroy(bb_question_phone_t *phone)
{
    if (phone->op.req) {
        bb_inner_abort(phone->op.req);
    }

    if (phone->timer.timer_set) {
        ngx_del_timer(&phone->timer);
    }

    /* statements in flight are dropped with their client */

    ngx_free(phone);
}


static void
bb_question_phone_handler(ngx_event_t *ev)
{
    char                       limit[NGX_INT64_LEN + 1];
    char                       timeout[NGX_INT64_LEN + 1];
    ngx_uint_t                 room;
    bb_postgres_param_t        params[2];
    bb_question_phone_t       *phone;
    ngx_bb_store_main_conf_t  *conf;

    phone = ev->data;
    conf = phone->worker->conf;

    if (ngx_exiting) {
        return;
    }

    room = ngx_min(bb_call_room(conf, BB_CALL_PHONE_NUMBER),
                   BB_QUESTION_PHONE_ROWS);

    ngx_memzero(params, sizeof(params));
    params[0].value = limit;
    params[1].value = timeout;

    (void) ngx_sprintf((u_char *) limit, "%ui%Z", room);
    (void) ngx_sprintf((u_char *) timeout, "%M%Z",
                       conf->phone_location->call_timeout);

    /* what nobody can be asked for now stays as it is */

    if (room == 0 || phone->op.req
        || bb_postgres_state(phone->worker->postgres_write) != BB_POSTGRES_UP
        || bb_postgres_call(phone->worker->postgres_write, phone->take, params,
                            2, bb_question_phone_taken, phone)
           == NULL)
    {
        ngx_add_timer(&phone->timer, BB_QUESTION_PHONE_PAUSE);
        return;
    }

    phone->more = room;
}


static void
bb_question_phone_taken(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_question_phone_t *phone = data;

    bb_req_t                  *req;
    ngx_uint_t                 i, n;
    ngx_bb_store_main_conf_t  *conf;

    n = 0;

    if (rc == BB_POSTGRES_OK) {
        n = ngx_min(PQntuples(res), BB_QUESTION_PHONE_ROWS);

    } else {
        (void) bb_query_failure(ngx_cycle->log, phone->take->name, rc, res);
    }

    phone->more = (n && n == phone->more);

    /* one for this function, so that they are not done in between */
    phone->left = n + 1;

    req = NULL;

    if (n) {
        conf = phone->worker->conf;
        req = bb_inner_create(phone->worker, conf->phone_location,
                              conf->phone_server);
    }

    if (req) {
        bb_req_op_add(req, &phone->op, phone, bb_question_phone_ended);
    }

    for (i = 0; i < n; i++) {
        phone->rows[i].phone = phone;
        bb_question_phone_row(&phone->rows[i], res, i);
        bb_question_phone_ask(&phone->rows[i], req);
    }

    if (req) {
        bb_inner_run(req);
    }

    bb_question_phone_done(phone);
}


/* id, phone_of and attempts of a taken message */

static void
bb_question_phone_row(bb_question_phone_row_t *row, PGresult *res, int n)
{
    ngx_cpystrn((u_char *) row->id, (u_char *) PQgetvalue(res, n, 0),
                sizeof(row->id));
    ngx_cpystrn((u_char *) row->attempt_text, (u_char *) PQgetvalue(res, n, 2),
                sizeof(row->attempt_text));

    row->attempt = strtoul(row->attempt_text, NULL, 10);

    row->path.data = row->path_text;
    row->path.len = ngx_snprintf(row->path_text, sizeof(row->path_text),
                                 BB_QUESTION_PHONE_PATH,
                                 PQgetvalue(res, n, 1))
                    - row->path_text;
}


static void
bb_question_phone_ask(bb_question_phone_row_t *row, bb_req_t *req)
{
    if (req
        && bb_call_start(req, BB_CALL_PHONE_NUMBER, &row->path, NULL, NULL, 0,
                         bb_question_phone_answer, row)
           == NGX_OK)
    {
        row->asking = 1;
        row->phone->stat->asked++;
        return;
    }

    /* it is due at once, and nobody can be asked for now */
    row->phone->more = 0;

    bb_question_phone_store(row, row->phone->back, row->attempt_text, NULL);
}


/* The request of the calls has ended; usually after all of them. */

static void
bb_question_phone_ended(void *call)
{
    bb_question_phone_t *phone = call;

    ngx_uint_t  i;

    phone->op.req = NULL;

    for (i = 0; i < BB_QUESTION_PHONE_ROWS; i++) {
        if (phone->rows[i].asking) {
            phone->rows[i].asking = 0;
            bb_question_phone_done(phone);
        }
    }
}


static void
bb_question_phone_answer(bb_req_t *req, void *data, json_t *answer)
{
    bb_question_phone_row_t *row = data;

    row->asking = 0;

    if (answer) {
        bb_question_phone_store(row, row->phone->notify,
                                json_string_value(answer), NULL);
        return;
    }

    bb_question_phone_failed(row, "the last one: ", &req->call_failure);
}


static void
bb_question_phone_failed(bb_question_phone_row_t *row, const char *what,
    const ngx_str_t *reason)
{
    u_char  *p;

    if (row->attempt < BB_QUESTION_PHONE_ATTEMPTS) {
        bb_question_phone_done(row->phone);
        return;
    }

    p = ngx_snprintf((u_char *) row->reason, sizeof(row->reason) - 1,
                     "no phone number after %ui attempts, %s%V", row->attempt,
                     what, reason);
    *p = '\0';

    bb_question_phone_store(row, row->phone->dead, row->attempt_text,
                            row->reason);
}


/* The first parameter is the message's id. */

static void
bb_question_phone_store(bb_question_phone_row_t *row,
    const bb_postgres_statement_t *statement, const char *second,
    const char *third)
{
    bb_postgres_param_t  params[3];

    ngx_memzero(params, sizeof(params));
    params[0].value = row->id;
    params[1].value = second;
    params[2].value = third;

    row->statement = statement;

    if (bb_postgres_call(row->phone->worker->postgres_write, statement, params,
                         statement == row->phone->dead ? 3 : 2,
                         bb_question_phone_stored, row)
        == NULL)
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "bb_store: statement \"%s\": queue full",
                      statement->name);
        bb_question_phone_done(row->phone);
    }
}


static void
bb_question_phone_stored(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_question_phone_row_t *row = data;

    ngx_int_t             again;
    ngx_str_t             reason;
    bb_question_phone_t  *phone;

    phone = row->phone;

    if (rc != BB_POSTGRES_OK) {
        again = bb_query_failure(ngx_cycle->log, row->statement->name, rc,
                                 res);

        /* what cannot be stored today cannot tomorrow */

        if (row->statement == phone->notify && again != NGX_AGAIN) {
            ngx_str_set(&reason, "");
            bb_question_phone_failed(row, "PostgreSQL refused it", &reason);
            return;
        }

    } else if (row->statement == phone->notify) {
        phone->stat->found++;

    } else if (row->statement == phone->dead && PQntuples(res) > 0) {
        phone->stat->dead++;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "bb_store question: message %s is kept as a dead letter: "
                      "%s", row->id, row->reason);
    }

    bb_question_phone_done(phone);
}


/* One row fewer; after the last one, when to look again. */

static void
bb_question_phone_done(bb_question_phone_t *phone)
{
    if (--phone->left) {
        return;
    }

    ngx_add_timer(&phone->timer, phone->more ? 1 : BB_QUESTION_PHONE_PAUSE);
}

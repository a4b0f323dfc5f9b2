/*
 * The client: its connections, the calls that wait for one, and every call's
 * deadline.
 *
 * All calls have the same time, so the order in which they came is the order
 * of their deadlines: one list, and one timer for its head.  The timer keeps
 * an exiting worker alive only while a call has not ended.
 */

#include "postgres/postgres_client.h"
#include "postgres/postgres_conn.h"


#define BB_POSTGRES_WARN  1000    /* ms between equal warnings */


static bb_postgres_call_t *bb_postgres_call_new(bb_postgres_t *pg,
    const bb_postgres_param_t *params, ngx_uint_t n);
static size_t bb_postgres_param_size(const bb_postgres_param_t *param);
static bb_postgres_conn_t *bb_postgres_pick(bb_postgres_t *pg);
static void bb_postgres_hurry(bb_postgres_t *pg);
static void bb_postgres_end(bb_postgres_call_t *call, bb_postgres_rc_e rc);
static void bb_postgres_leave(bb_postgres_call_t *call);
static void bb_postgres_watch(ngx_event_t *ev);
static void bb_postgres_watch_calls(bb_postgres_t *pg);
static void bb_postgres_watch_conns(bb_postgres_t *pg);
static ngx_msec_t bb_postgres_next_look(bb_postgres_t *pg);
static ngx_msec_t bb_postgres_silent_at(bb_postgres_conn_t *conn);


bb_postgres_t *
bb_postgres_create(ngx_cycle_t *cycle, bb_postgres_conf_t *conf, ngx_uint_t n,
    ngx_msec_t timeout, const char *options, bb_postgres_stat_t *stat)
{
    ngx_uint_t      i;
    bb_postgres_t  *pg;

    pg = ngx_calloc(sizeof(bb_postgres_t) + n * sizeof(bb_postgres_conn_t),
                    cycle->log);
    if (pg == NULL) {
        return NULL;
    }

    pg->conf = conf;
    pg->timeout = timeout;
    pg->options = options;
    pg->stat = stat;
    pg->log = cycle->log;
    pg->conns = (bb_postgres_conn_t *) (pg + 1);

    ngx_queue_init(&pg->waiting);
    ngx_queue_init(&pg->calls);

    pg->timer.handler = bb_postgres_watch;
    pg->timer.data = pg;
    pg->timer.log = pg->log;
    pg->timer.cancelable = 1;

    (void) ngx_cpystrn(pg->reason, (u_char *) "no connection was tried yet",
                       BB_POSTGRES_REASON_LEN);

    for (i = 0; i < n; i++) {
        if (bb_postgres_conn_init(&pg->conns[i], pg) != NGX_OK) {
            bb_postgres_destroy(pg);
            return NULL;
        }

        pg->nconns++;
        bb_postgres_conn_start(&pg->conns[i], 1);
    }

    return pg;
}


void
bb_postgres_destroy(bb_postgres_t *pg)
{
    ngx_uint_t    i;
    ngx_queue_t  *q;

    for (i = 0; i < pg->nconns; i++) {
        bb_postgres_conn_destroy(&pg->conns[i]);
    }

    while (!ngx_queue_empty(&pg->waiting)) {
        q = ngx_queue_head(&pg->waiting);
        ngx_queue_remove(q);
        bb_postgres_client_free(ngx_queue_data(q, bb_postgres_call_t, queue));
    }

    pg->stat->in_flight -= pg->in_flight;

    if (pg->timer.timer_set) {
        ngx_del_timer(&pg->timer);
    }

    ngx_free(pg);
}


bb_postgres_call_t *
bb_postgres_call(bb_postgres_t *pg, const bb_postgres_statement_t *st,
    const bb_postgres_param_t *params, ngx_uint_t n,
    bb_postgres_handler_pt handler, void *data)
{
    bb_postgres_call_t  *call;
    bb_postgres_conn_t  *conn;

    if (pg->total >= pg->conf->queue) {
        pg->stat->rejected++;
        return NULL;
    }

    call = bb_postgres_call_new(pg, params, n);
    if (call == NULL) {
        return NULL;
    }

    call->st = st;
    call->handler = handler;
    call->data = data;
    call->deadline = ngx_current_msec + pg->timeout + BB_POSTGRES_GRACE;

    ngx_queue_insert_tail(&pg->calls, &call->order);

    pg->total++;
    pg->in_flight++;
    pg->stat->calls++;
    pg->stat->in_flight++;

    pg->timer.cancelable = 0;

    if (!pg->timer.timer_set) {
        ngx_add_timer(&pg->timer, pg->timeout + BB_POSTGRES_GRACE);
    }

    conn = bb_postgres_pick(pg);

    if (conn) {
        bb_postgres_conn_send(conn, call);

    } else {
        ngx_queue_insert_tail(&pg->waiting, &call->queue);
        bb_postgres_hurry(pg);
    }

    return call;
}


/* one block: the call, libpq's three arrays, the values */

static bb_postgres_call_t *
bb_postgres_call_new(bb_postgres_t *pg, const bb_postgres_param_t *params,
    ngx_uint_t n)
{
    u_char              *p;
    size_t               size;
    ngx_uint_t           i;
    bb_postgres_call_t  *call;

    size = sizeof(bb_postgres_call_t)
           + n * (sizeof(char *) + 2 * sizeof(int));

    for (i = 0; i < n; i++) {
        size += bb_postgres_param_size(&params[i]);
    }

    call = ngx_alloc(size, pg->log);
    if (call == NULL) {
        return NULL;
    }

    ngx_memzero(call, sizeof(bb_postgres_call_t));

    call->pg = pg;
    call->n = (int) n;
    call->values = (const char **) (call + 1);
    call->lengths = (int *) (call->values + n);
    call->formats = call->lengths + n;

    p = (u_char *) (call->formats + n);

    for (i = 0; i < n; i++) {
        call->lengths[i] = params[i].len;
        call->formats[i] = params[i].binary;

        if (params[i].value == NULL) {
            call->values[i] = NULL;
            continue;
        }

        call->values[i] = (char *) p;
        p = ngx_cpymem(p, params[i].value, bb_postgres_param_size(&params[i]));
    }

    return call;
}


static size_t
bb_postgres_param_size(const bb_postgres_param_t *param)
{
    if (param->value == NULL) {
        return 0;
    }

    if (param->binary) {
        return param->len;
    }

    return ngx_strlen(param->value) + 1;
}


/* the connection that is up and has the fewest calls, or NULL */

static bb_postgres_conn_t *
bb_postgres_pick(bb_postgres_t *pg)
{
    ngx_uint_t           i;
    bb_postgres_conn_t  *conn, *best;

    best = NULL;

    for (i = 0; i < pg->nconns; i++) {
        conn = &pg->conns[i];

        if (conn->state == BB_POSTGRES_UP && !conn->broken
            && (best == NULL || conn->n < best->n))
        {
            best = conn;
        }
    }

    return best;
}


/* a call waits: tries at once if the last attempt was not just now */

static void
bb_postgres_hurry(bb_postgres_t *pg)
{
    ngx_uint_t           i;
    ngx_msec_t           passed;
    bb_postgres_conn_t  *down;

    down = NULL;

    for (i = 0; i < pg->nconns; i++) {

        if (pg->conns[i].state == BB_POSTGRES_CONNECTING) {
            return;
        }

        if (pg->conns[i].state == BB_POSTGRES_DOWN && down == NULL) {
            down = &pg->conns[i];
        }
    }

    /* none: all are UP and broken, about to be lost and to start again */

    if (down) {
        passed = ngx_current_msec - pg->attempt;

        bb_postgres_conn_start(down, (passed < BB_POSTGRES_HURRY)
                                     ? BB_POSTGRES_HURRY - passed : 1);
    }
}


void
bb_postgres_forget(bb_postgres_call_t *call)
{
    bb_postgres_leave(call);

    if (call->conn == NULL) {
        ngx_queue_remove(&call->queue);
        call->pg->total--;
        bb_postgres_client_free(call);
    }
}


bb_postgres_state_e
bb_postgres_state(bb_postgres_t *pg)
{
    ngx_uint_t           i;
    bb_postgres_state_e  state;

    state = BB_POSTGRES_DOWN;

    for (i = 0; i < pg->nconns; i++) {
        state = ngx_max(state, pg->conns[i].state);
    }

    return state;
}


const char *
bb_postgres_reason(bb_postgres_t *pg)
{
    return (bb_postgres_state(pg) == BB_POSTGRES_UP) ? "" : (char *) pg->reason;
}


void
bb_postgres_client_up(bb_postgres_conn_t *conn)
{
    ngx_uint_t      i;
    ngx_queue_t    *q;
    bb_postgres_t  *pg;

    pg = conn->pg;

    /* the server is back: the others need not wait for their time */

    for (i = 0; i < pg->nconns; i++) {
        if (pg->conns[i].state == BB_POSTGRES_DOWN) {
            bb_postgres_conn_start(&pg->conns[i], 1);
        }
    }

    while (!ngx_queue_empty(&pg->waiting) && !conn->broken) {
        q = ngx_queue_head(&pg->waiting);
        ngx_queue_remove(q);
        bb_postgres_conn_send(conn,
                              ngx_queue_data(q, bb_postgres_call_t, queue));
    }
}


void
bb_postgres_client_failed(bb_postgres_conn_t *conn)
{
    ngx_queue_t     waiting, *q;
    bb_postgres_t  *pg;

    pg = conn->pg;

    if (ngx_strcmp(pg->reason, conn->reason) != 0
        || ngx_current_msec - pg->warned >= BB_POSTGRES_WARN)
    {
        ngx_memcpy(pg->reason, conn->reason, BB_POSTGRES_REASON_LEN);
        pg->warned = ngx_current_msec;

        ngx_log_error(NGX_LOG_WARN, pg->log, 0,
                      "bb_store postgres: connect failed: %s", pg->reason);
    }

    /* those who wait now had their attempt, unless another one goes on */

    if (bb_postgres_state(pg) != BB_POSTGRES_DOWN
        || ngx_queue_empty(&pg->waiting))
    {
        return;
    }

    ngx_queue_init(&waiting);
    ngx_queue_add(&waiting, &pg->waiting);
    ngx_queue_init(&pg->waiting);

    while (!ngx_queue_empty(&waiting)) {
        q = ngx_queue_head(&waiting);
        ngx_queue_remove(q);
        bb_postgres_client_finish(ngx_queue_data(q, bb_postgres_call_t, queue),
                                  BB_POSTGRES_UNAVAILABLE);
    }
}


void
bb_postgres_client_finish(bb_postgres_call_t *call, bb_postgres_rc_e rc)
{
    call->pg->total--;

    if (!call->ended) {
        bb_postgres_end(call, rc);
    }

    bb_postgres_client_free(call);
}


void
bb_postgres_client_free(bb_postgres_call_t *call)
{
    PQclear(call->res);
    ngx_free(call);
}


static void
bb_postgres_end(bb_postgres_call_t *call, bb_postgres_rc_e rc)
{
    PGresult            *res;
    bb_postgres_stat_t  *stat;

    stat = call->pg->stat;
    res = NULL;

    switch (rc) {

    case BB_POSTGRES_OK:
        res = call->res;
        break;

    case BB_POSTGRES_ERROR:
        res = call->res;
        stat->errors++;
        break;

    case BB_POSTGRES_TIMEOUT:
        stat->timeouts++;
        break;

    default:
        break;
    }

    bb_postgres_leave(call);

    call->handler(call->data, rc, res);
}


/* call is over for its owner; what is still to come for it is absorbed */

static void
bb_postgres_leave(bb_postgres_call_t *call)
{
    bb_postgres_t  *pg;

    pg = call->pg;

    call->ended = 1;
    ngx_queue_remove(&call->order);

    pg->in_flight--;
    pg->stat->in_flight--;

    pg->timer.cancelable = (pg->in_flight == 0);
}


static void
bb_postgres_watch(ngx_event_t *ev)
{
    bb_postgres_t  *pg;

    pg = ev->data;

    bb_postgres_watch_calls(pg);
    bb_postgres_watch_conns(pg);

    if (pg->total && !ev->timer_set) {
        ngx_add_timer(ev, bb_postgres_next_look(pg));
    }
}


static void
bb_postgres_watch_calls(bb_postgres_t *pg)
{
    bb_postgres_call_t  *call;

    while (!ngx_queue_empty(&pg->calls)) {
        call = ngx_queue_data(ngx_queue_head(&pg->calls), bb_postgres_call_t,
                              order);

        if ((ngx_msec_int_t) (call->deadline - ngx_current_msec) > 0) {
            return;
        }

        if (call->conn) {
            bb_postgres_end(call, BB_POSTGRES_TIMEOUT);

        } else {
            ngx_queue_remove(&call->queue);
            bb_postgres_client_finish(call, BB_POSTGRES_UNAVAILABLE);
        }
    }
}


static void
bb_postgres_watch_conns(bb_postgres_t *pg)
{
    ngx_uint_t           i;
    bb_postgres_conn_t  *conn;

    for (i = 0; i < pg->nconns; i++) {
        conn = &pg->conns[i];

        if (conn->n
            && (ngx_msec_int_t) (bb_postgres_silent_at(conn)
                                 - ngx_current_msec) <= 0)
        {
            bb_postgres_conn_lose(conn, "the server does not answer");
        }
    }
}


/* in how many milliseconds something can be overdue */

static ngx_msec_t
bb_postgres_next_look(bb_postgres_t *pg)
{
    ngx_uint_t           i;
    ngx_msec_int_t       left, min;
    bb_postgres_call_t  *call;

    min = pg->timeout + BB_POSTGRES_GRACE + BB_POSTGRES_SILENCE;

    if (!ngx_queue_empty(&pg->calls)) {
        call = ngx_queue_data(ngx_queue_head(&pg->calls), bb_postgres_call_t,
                              order);

        left = call->deadline - ngx_current_msec;
        min = ngx_min(min, left);
    }

    for (i = 0; i < pg->nconns; i++) {
        if (pg->conns[i].n) {
            left = bb_postgres_silent_at(&pg->conns[i]) - ngx_current_msec;
            min = ngx_min(min, left);
        }
    }

    return ngx_max(min, 1);
}


/*
 * A call's turn begins when it becomes the first of its connection: one that
 * waited behind others says nothing about the server.
 */

static ngx_msec_t
bb_postgres_silent_at(bb_postgres_conn_t *conn)
{
    return conn->head + conn->pg->timeout + BB_POSTGRES_GRACE
           + BB_POSTGRES_SILENCE;
}

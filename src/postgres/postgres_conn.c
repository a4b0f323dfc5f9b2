/*
 * One connection: connects to one host after another, sends calls in pipeline
 * mode, each with a sync of its own, and matches the results in order.
 */

#include "postgres/postgres_conn.h"
#include "postgres/postgres_event.h"


#define BB_POSTGRES_BACKOFF_MIN  10     /* ms */
#define BB_POSTGRES_BACKOFF_MAX  2000
#define BB_POSTGRES_STABLE       1000   /* up that long: a loss is no failure */


static void bb_postgres_conn_timer(ngx_event_t *ev);
static void bb_postgres_conn_connect(bb_postgres_conn_t *conn);
static void bb_postgres_conn_next(bb_postgres_conn_t *conn);
static ngx_int_t bb_postgres_conn_open(bb_postgres_conn_t *conn);
static ngx_int_t bb_postgres_conn_params(bb_postgres_t *pg,
    bb_postgres_host_t *host, const char **values);
static u_char *bb_postgres_conn_zone(u_char *p, const char *zone);
static void bb_postgres_conn_poll(ngx_event_t *ev);
static void bb_postgres_conn_up(bb_postgres_conn_t *conn);
static void bb_postgres_conn_fail(bb_postgres_conn_t *conn, const char *reason);
static void bb_postgres_conn_again(bb_postgres_conn_t *conn);
static void bb_postgres_conn_close(bb_postgres_conn_t *conn);
static ngx_int_t bb_postgres_conn_watch(bb_postgres_conn_t *conn,
    ngx_event_handler_pt handler, ngx_uint_t read, ngx_uint_t write);
static void bb_postgres_conn_cork(bb_postgres_conn_t *conn);
static ngx_int_t bb_postgres_conn_put(bb_postgres_conn_t *conn,
    bb_postgres_call_t *call);
static void bb_postgres_conn_io(ngx_event_t *ev);
static void bb_postgres_conn_work(ngx_event_t *ev);
static void bb_postgres_conn_read(bb_postgres_conn_t *conn);
static void bb_postgres_conn_look(bb_postgres_conn_t *conn);
static void bb_postgres_conn_results(bb_postgres_conn_t *conn);
static void bb_postgres_conn_error(bb_postgres_conn_t *conn,
    bb_postgres_call_t *call, PGresult *res);
static void bb_postgres_conn_done(bb_postgres_conn_t *conn,
    bb_postgres_call_t *call);
static ngx_uint_t bb_postgres_conn_stale(bb_postgres_conn_t *conn,
    bb_postgres_call_t *call);
static void bb_postgres_conn_notice(void *data, const PGresult *res);
static void bb_postgres_conn_say(bb_postgres_conn_t *conn, const char *text);
static bb_postgres_host_t *bb_postgres_conn_host(bb_postgres_conn_t *conn);


ngx_int_t
bb_postgres_conn_init(bb_postgres_conn_t *conn, bb_postgres_t *pg)
{
    conn->pg = pg;
    conn->state = BB_POSTGRES_DOWN;

    conn->timer.handler = bb_postgres_conn_timer;
    conn->timer.data = conn;
    conn->timer.log = pg->log;
    conn->timer.cancelable = 1;

    conn->work.handler = bb_postgres_conn_work;
    conn->work.data = conn;
    conn->work.log = pg->log;

    ngx_queue_init(&conn->sent);

    conn->prepared = ngx_calloc((bb_postgres_statement_count() + 1)
                                * sizeof(bb_postgres_prepared_t), pg->log);

    return conn->prepared ? NGX_OK : NGX_ERROR;
}


void
bb_postgres_conn_destroy(bb_postgres_conn_t *conn)
{
    ngx_queue_t  *q;

    if (conn->state == BB_POSTGRES_UP) {
        conn->pg->stat->up--;
    }

    bb_postgres_conn_close(conn);

    while (!ngx_queue_empty(&conn->sent)) {
        q = ngx_queue_head(&conn->sent);
        ngx_queue_remove(q);
        bb_postgres_client_free(ngx_queue_data(q, bb_postgres_call_t, queue));
    }

    ngx_free(conn->prepared);
}


void
bb_postgres_conn_start(bb_postgres_conn_t *conn, ngx_msec_t delay)
{
    ngx_event_t  *ev;

    ev = &conn->timer;

    if (ev->timer_set) {
        if ((ngx_msec_int_t) (ev->timer.key - ngx_current_msec - delay) <= 0) {
            return;
        }

        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, delay);
}


static void
bb_postgres_conn_timer(ngx_event_t *ev)
{
    bb_postgres_conn_t  *conn;

    conn = ev->data;

    if (conn->state == BB_POSTGRES_CONNECTING) {
        bb_postgres_conn_fail(conn, "connect timed out");
        bb_postgres_conn_next(conn);

    } else {
        bb_postgres_conn_connect(conn);
    }
}


static void
bb_postgres_conn_connect(bb_postgres_conn_t *conn)
{
    bb_postgres_t  *pg;

    pg = conn->pg;

    if (ngx_exiting && pg->in_flight == 0) {
        return;
    }

    conn->state = BB_POSTGRES_CONNECTING;
    conn->host = pg->host;
    conn->tried = 0;
    conn->len = 0;
    pg->attempt = ngx_current_msec;

    bb_postgres_conn_next(conn);
}


/* goes on to the next host that lets itself be tried */

static void
bb_postgres_conn_next(bb_postgres_conn_t *conn)
{
    bb_postgres_t  *pg;

    pg = conn->pg;

    while (conn->tried < pg->conf->hosts.nelts) {
        if (bb_postgres_conn_open(conn) == NGX_OK) {
            return;
        }
    }

    conn->state = BB_POSTGRES_DOWN;

    bb_postgres_client_failed(conn);
    bb_postgres_conn_again(conn);
}


static ngx_int_t
bb_postgres_conn_open(bb_postgres_conn_t *conn)
{
    const char           *values[BB_POSTGRES_MAX_KEYWORDS];
    bb_postgres_t        *pg;
    bb_postgres_host_t   *host;

    pg = conn->pg;
    host = bb_postgres_conn_host(conn);

    if (bb_postgres_conn_params(pg, host, values) != NGX_OK) {
        bb_postgres_conn_fail(conn, "out of memory");
        return NGX_ERROR;
    }

    conn->db = PQconnectStartParams(host->keywords, values, 0);
    ngx_free((char *) values[0]);

    if (conn->db == NULL) {
        bb_postgres_conn_fail(conn, "out of memory");
        return NGX_ERROR;
    }

    PQsetNoticeReceiver(conn->db, bb_postgres_conn_notice, conn);

    if (PQstatus(conn->db) == CONNECTION_BAD) {
        bb_postgres_conn_fail(conn, PQerrorMessage(conn->db));
        return NGX_ERROR;
    }

    if (bb_postgres_conn_watch(conn, bb_postgres_conn_poll, 0, 1) != NGX_OK) {
        bb_postgres_conn_fail(conn, "nginx has no connection left");
        return NGX_ERROR;
    }

    ngx_add_timer(&conn->timer, pg->conf->connect_timeout);

    return NGX_OK;
}


/*
 * host's values, with the zone in front of the other options, and the client's
 * behind them; frees: caller
 */

static ngx_int_t
bb_postgres_conn_params(bb_postgres_t *pg, bb_postgres_host_t *host,
    const char **values)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;
    const char  *zone;

    zone = getenv("TZ");

    len = sizeof("-c TimeZone= ") + sizeof("<+0000>-00:00")
          + (zone ? 2 * ngx_strlen(zone) : 0) + ngx_strlen(host->values[0])
          + ngx_strlen(pg->options);

    p = ngx_alloc(len, pg->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    values[0] = (char *) p;

    p = ngx_cpymem(p, "-c TimeZone=", sizeof("-c TimeZone=") - 1);
    p = bb_postgres_conn_zone(p, zone);
    *p++ = ' ';
    p = ngx_cpymem(p, host->values[0], ngx_strlen(host->values[0]));
    ngx_memcpy(p, pg->options, ngx_strlen(pg->options) + 1);

    for (i = 1; host->keywords[i]; i++) {
        values[i] = host->values[i];
    }

    return NGX_OK;
}


/* the zone of this process, as C's library and PostgreSQL both read it */

static u_char *
bb_postgres_conn_zone(u_char *p, const char *zone)
{
    ngx_int_t    min;
    ngx_time_t  *tp;
    const char  *name;

    if (zone && *zone == ':') {
        zone++;
    }

    if (zone && *zone == '\0') {
        zone = "UTC";
    }

    if (zone && *zone == '/') {
        name = strstr(zone, "/zoneinfo/");
        zone = name ? name + sizeof("/zoneinfo/") - 1 : NULL;
    }

    if (zone == NULL) {
        /* POSIX counts west of Greenwich, its name in <> is free */
        tp = ngx_timeofday();
        min = tp->gmtoff;

        return ngx_sprintf(p, "<%c%02i%02i>%c%02i:%02i",
                           min < 0 ? '-' : '+', ngx_abs(min) / 60,
                           ngx_abs(min) % 60, min < 0 ? '+' : '-',
                           ngx_abs(min) / 60, ngx_abs(min) % 60);
    }

    while (*zone) {
        if (*zone == '\\' || (u_char) *zone <= ' ') {
            *p++ = '\\';
        }

        *p++ = (u_char) *zone++;
    }

    return p;
}


static void
bb_postgres_conn_poll(ngx_event_t *ev)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    bb_postgres_conn_t  *conn;

    c = ev->data;
    conn = c->data;

    bb_postgres_event_close(conn->c, conn->db);
    conn->c = NULL;

    switch (PQconnectPoll(conn->db)) {

    case PGRES_POLLING_READING:
        rc = bb_postgres_conn_watch(conn, bb_postgres_conn_poll, 1, 0);
        break;

    case PGRES_POLLING_WRITING:
        rc = bb_postgres_conn_watch(conn, bb_postgres_conn_poll, 0, 1);
        break;

    case PGRES_POLLING_OK:
        if (PQsetnonblocking(conn->db, 1) != 0
            || !PQenterPipelineMode(conn->db))
        {
            bb_postgres_conn_fail(conn, PQerrorMessage(conn->db));
            bb_postgres_conn_next(conn);
            return;
        }

        rc = bb_postgres_conn_watch(conn, bb_postgres_conn_io, 1, 0);
        if (rc == NGX_OK) {
            bb_postgres_conn_up(conn);
            return;
        }

        break;

    default:
        bb_postgres_conn_fail(conn, PQerrorMessage(conn->db));
        bb_postgres_conn_next(conn);
        return;
    }

    if (rc != NGX_OK) {
        bb_postgres_conn_fail(conn, "nginx has no connection left");
        bb_postgres_conn_next(conn);
    }
}


static void
bb_postgres_conn_up(bb_postgres_conn_t *conn)
{
    ngx_uint_t      i;
    bb_postgres_t  *pg;

    pg = conn->pg;

    ngx_del_timer(&conn->timer);

    conn->state = BB_POSTGRES_UP;
    conn->broken = 0;
    conn->corked = 0;
    conn->unix_socket = 0;
    conn->len = 0;
    conn->since = ngx_current_msec;

    for (i = 0; i < bb_postgres_statement_count(); i++) {
        conn->prepared[i].prepared = 0;
    }

    pg->host = conn->host;
    pg->stat->up++;
    pg->stat->connects++;

    ngx_log_error(NGX_LOG_NOTICE, pg->log, 0,
                  "bb_store postgres: connected to %V",
                  &bb_postgres_conn_host(conn)->name);

    bb_postgres_client_up(conn);
}


/* the host in use failed; the next one is up */

static void
bb_postgres_conn_fail(bb_postgres_conn_t *conn, const char *reason)
{
    u_char              *p;
    bb_postgres_host_t  *host;

    host = bb_postgres_conn_host(conn);

    p = ngx_slprintf(conn->reason + conn->len,
                     conn->reason + BB_POSTGRES_REASON_LEN - 1, "%s%V: ",
                     conn->len ? "; " : "", &host->name);
    conn->len = p - conn->reason;

    bb_postgres_conn_say(conn, reason);
    bb_postgres_conn_close(conn);

    conn->pg->stat->failures++;
    conn->tried++;
    conn->host = (conn->host + 1) % conn->pg->conf->hosts.nelts;
}


/* lets a connection that is DOWN try again after a random time */

static void
bb_postgres_conn_again(bb_postgres_conn_t *conn)
{
    ngx_msec_t      delay, limit;
    bb_postgres_t  *pg;

    pg = conn->pg;

    if (ngx_exiting && pg->in_flight == 0) {
        return;
    }

    limit = ngx_queue_empty(&pg->waiting) ? BB_POSTGRES_BACKOFF_MAX
                                          : BB_POSTGRES_HURRY;
    delay = BB_POSTGRES_BACKOFF_MIN << ngx_min(conn->rounds, 8);
    delay = ngx_min(delay, limit);
    conn->rounds++;

    bb_postgres_conn_start(conn, 1 + ngx_random() % delay);
}


void
bb_postgres_conn_lose(bb_postgres_conn_t *conn, const char *reason)
{
    ngx_queue_t          lost, *q;
    bb_postgres_t       *pg;
    bb_postgres_call_t  *call;

    pg = conn->pg;

    if (conn->len == 0) {
        bb_postgres_conn_say(conn, reason);
    }

    bb_postgres_conn_close(conn);

    ngx_log_error(NGX_LOG_NOTICE, pg->log, 0,
                  "bb_store postgres: connection to %V lost: %s",
                  &bb_postgres_conn_host(conn)->name, conn->reason);

    conn->state = BB_POSTGRES_DOWN;
    pg->stat->up--;
    pg->stat->failures++;
    ngx_memcpy(pg->reason, conn->reason, BB_POSTGRES_REASON_LEN);

    ngx_queue_init(&lost);

    if (!ngx_queue_empty(&conn->sent)) {
        ngx_queue_add(&lost, &conn->sent);
        ngx_queue_init(&conn->sent);
        conn->n = 0;
    }

    while (!ngx_queue_empty(&lost)) {
        q = ngx_queue_head(&lost);
        ngx_queue_remove(q);
        call = ngx_queue_data(q, bb_postgres_call_t, queue);
        bb_postgres_client_finish(call, BB_POSTGRES_LOST);
    }

    /* a server that lets in and throws out at once gets the usual delays */

    if (ngx_current_msec - conn->since >= BB_POSTGRES_STABLE) {
        conn->rounds = 0;

        if (!ngx_exiting || pg->in_flight) {
            bb_postgres_conn_start(conn, 1);
        }

    } else {
        bb_postgres_conn_again(conn);
    }
}


static void
bb_postgres_conn_close(bb_postgres_conn_t *conn)
{
    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->work.posted) {
        ngx_delete_posted_event(&conn->work);
    }

    if (conn->c) {
        bb_postgres_event_close(conn->c, conn->db);
        conn->c = NULL;
    }

    if (conn->db) {
        PQfinish(conn->db);
        conn->db = NULL;
    }
}


static ngx_int_t
bb_postgres_conn_watch(bb_postgres_conn_t *conn, ngx_event_handler_pt handler,
    ngx_uint_t read, ngx_uint_t write)
{
    conn->c = bb_postgres_event_open(conn->db, handler, conn, conn->pg->log);
    if (conn->c == NULL) {
        return NGX_ERROR;
    }

    return bb_postgres_event_want(conn->c, read, write);
}


void
bb_postgres_conn_send(bb_postgres_conn_t *conn, bb_postgres_call_t *call)
{
    if (ngx_queue_empty(&conn->sent)) {
        conn->head = ngx_current_msec;
    }

    call->conn = conn;
    ngx_queue_insert_tail(&conn->sent, &call->queue);
    conn->n++;

    if (conn->work.posted) {
        bb_postgres_conn_cork(conn);
    }

    if (bb_postgres_conn_put(conn, call) != NGX_OK) {
        conn->broken = 1;
    }

    /*
     * Sending may leave output behind, may read input that the socket then no
     * longer shows, and may find the connection gone.
     */
    ngx_post_event(&conn->work, &ngx_posted_events);
}


/*
 * libpq writes to the socket at every sync.  The first call of a turn goes off
 * at once; those that follow it are one segment, at the turn's end.
 */

static void
bb_postgres_conn_cork(bb_postgres_conn_t *conn)
{
    if (conn->corked || conn->unix_socket) {
        return;
    }

    if (ngx_tcp_nopush(PQsocket(conn->db)) == 0) {
        conn->corked = 1;

    } else {
        conn->unix_socket = 1;
    }
}


static ngx_int_t
bb_postgres_conn_put(bb_postgres_conn_t *conn, bb_postgres_call_t *call)
{
    char                     name[sizeof("bb__") + 2 * NGX_INT_T_LEN];
    bb_postgres_prepared_t  *prepared;

    prepared = &conn->prepared[bb_postgres_statement_id(call->st)];

    call->preparing = !prepared->prepared;

    if (call->preparing) {
        prepared->generation++;
        prepared->prepared = 1;
    }

    call->generation = prepared->generation;

    ngx_sprintf((u_char *) name, "bb_%ui_%ui%Z",
                bb_postgres_statement_id(call->st), call->generation);

    if (call->preparing
        && !PQsendPrepare(conn->db, name, call->st->text, 0, NULL))
    {
        return NGX_ERROR;
    }

    if (!PQsendQueryPrepared(conn->db, name, call->n, call->values,
                             call->lengths, call->formats, 0)
        || !PQpipelineSync(conn->db))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
bb_postgres_conn_io(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    bb_postgres_conn_t  *conn;

    c = ev->data;
    conn = c->data;

    bb_postgres_conn_read(conn);

    if (PQsslInUse(conn->db) && !conn->broken) {
        /* TLS may keep a part of a record that the socket no longer shows */
        bb_postgres_conn_results(conn);
        bb_postgres_conn_read(conn);
    }

    bb_postgres_conn_look(conn);
}


static void
bb_postgres_conn_work(ngx_event_t *ev)
{
    bb_postgres_conn_t  *conn;

    conn = ev->data;

    if (conn->corked) {
        conn->corked = 0;
        (void) ngx_tcp_push(PQsocket(conn->db));
    }

    bb_postgres_conn_look(conn);
}


static void
bb_postgres_conn_read(bb_postgres_conn_t *conn)
{
    char    *text;
    size_t   len;

    /* what is there already may quote data of a failed statement */
    len = ngx_strlen(PQerrorMessage(conn->db));

    if (PQconsumeInput(conn->db)) {
        return;
    }

    conn->broken = 1;
    text = PQerrorMessage(conn->db);

    if (conn->len == 0 && ngx_strlen(text) > len) {
        bb_postgres_conn_say(conn, text + len);
    }
}


/* deals with what was read, writes what is left, waits for the rest */

static void
bb_postgres_conn_look(bb_postgres_conn_t *conn)
{
    int  pending;

    bb_postgres_conn_results(conn);

    pending = PQflush(conn->db);

    if (pending < 0
        || PQsocket(conn->db) < 0
        || PQstatus(conn->db) != CONNECTION_OK
        || conn->broken
        || bb_postgres_event_want(conn->c, 1, pending) != NGX_OK)
    {
        bb_postgres_conn_lose(conn, "the server closed the connection");
    }
}


/* runs handlers, which may send more on conn */

static void
bb_postgres_conn_results(bb_postgres_conn_t *conn)
{
    PGresult            *res;
    ngx_uint_t           ended;
    bb_postgres_call_t  *call;

    ended = 0;

    /* PQisBusy() also takes in notices, so it comes first */

    while (!PQisBusy(conn->db) && !ngx_queue_empty(&conn->sent)) {

        call = ngx_queue_data(ngx_queue_head(&conn->sent), bb_postgres_call_t,
                              queue);

        res = PQgetResult(conn->db);

        if (res == NULL) {
            if (ended) {
                /* libpq awaits nothing more, so this sync never comes */
                conn->broken = 1;
                return;
            }

            ended = 1;
            call->preparing = 0;
            continue;
        }

        ended = 0;

        switch (PQresultStatus(res)) {

        case PGRES_PIPELINE_SYNC:
            PQclear(res);
            bb_postgres_conn_done(conn, call);
            break;

        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
            if (call->res == NULL && !call->preparing) {
                call->res = res;

            } else {
                PQclear(res);
            }

            break;

        case PGRES_FATAL_ERROR:
            bb_postgres_conn_error(conn, call, res);
            break;

        case PGRES_PIPELINE_ABORTED:
            PQclear(res);
            break;

        default:
            /* COPY, which has no end here */
            PQclear(res);
            conn->broken = 1;
            return;
        }
    }
}


static void
bb_postgres_conn_error(bb_postgres_conn_t *conn, bb_postgres_call_t *call,
    PGresult *res)
{
    bb_postgres_prepared_t  *prepared;

    if (call->preparing) {
        prepared = &conn->prepared[bb_postgres_statement_id(call->st)];

        if (prepared->generation == call->generation) {
            prepared->prepared = 0;
        }
    }

    bb_postgres_conn_notice(conn, res);

    if (call->refused) {
        PQclear(res);
        return;
    }

    PQclear(call->res);
    call->res = res;
    call->refused = 1;
}


/* the sync of the first call of conn arrived */

static void
bb_postgres_conn_done(bb_postgres_conn_t *conn, bb_postgres_call_t *call)
{
    bb_postgres_rc_e  rc;

    ngx_queue_remove(&call->queue);
    conn->n--;
    conn->head = ngx_current_msec;

    if (!call->refused) {
        rc = BB_POSTGRES_OK;

    } else if (PQresultErrorField(call->res, PG_DIAG_SQLSTATE) == NULL) {
        /* libpq's own, as out of memory; the server may have committed */
        rc = BB_POSTGRES_LOST;

    } else if (bb_postgres_conn_stale(conn, call) && !call->ended
               && !call->again)
    {
        PQclear(call->res);
        call->res = NULL;
        call->refused = 0;
        call->again = 1;

        bb_postgres_conn_send(conn, call);
        return;

    } else {
        rc = BB_POSTGRES_ERROR;
    }

    bb_postgres_client_finish(call, rc);
}


/* whether the server refused the prepared statement, not its execution */

static ngx_uint_t
bb_postgres_conn_stale(bb_postgres_conn_t *conn, bb_postgres_call_t *call)
{
    char                    *state, *function;
    bb_postgres_prepared_t  *prepared;

    state = PQresultErrorField(call->res, PG_DIAG_SQLSTATE);
    function = PQresultErrorField(call->res, PG_DIAG_SOURCE_FUNCTION);

    if (ngx_strcmp(state, "26000") != 0
        && (ngx_strcmp(state, "0A000") != 0 || function == NULL
            || ngx_strcmp(function, "RevalidateCachedQuery") != 0))
    {
        return 0;
    }

    prepared = &conn->prepared[bb_postgres_statement_id(call->st)];

    if (prepared->generation == call->generation) {
        prepared->prepared = 0;
    }

    return 1;
}


/*
 * What the server says beside results, and its last words: errors of a call
 * that end the session.
 */

static void
bb_postgres_conn_notice(void *data, const PGresult *res)
{
    bb_postgres_conn_t *conn = data;

    char        *text, *severity;
    ngx_uint_t   last;

    text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (text == NULL || severity == NULL) {
        return;
    }

    last = (ngx_strcmp(severity, "FATAL") == 0
            || ngx_strcmp(severity, "PANIC") == 0);

    if (last && conn->state == BB_POSTGRES_UP && conn->len == 0) {
        bb_postgres_conn_say(conn, text);
    }

    if (last || ngx_strcmp(severity, "ERROR") != 0) {
        ngx_log_error(NGX_LOG_INFO, conn->pg->log, 0,
                      "bb_store postgres: %V says %s: %s",
                      &bb_postgres_conn_host(conn)->name, severity, text);
    }
}


/* appends text to the reason, on one line and without an end of line */

static void
bb_postgres_conn_say(bb_postgres_conn_t *conn, const char *text)
{
    u_char      *p, *last;
    ngx_uint_t   space;

    p = conn->reason + conn->len;
    last = conn->reason + BB_POSTGRES_REASON_LEN - 1;
    space = 0;

    for ( /* void */ ; *text && p < last; text++) {

        if ((u_char) *text <= ' ') {
            space = 1;
            continue;
        }

        if (space) {
            *p++ = ' ';
            space = 0;

            if (p == last) {
                break;
            }
        }

        *p++ = (u_char) *text;
    }

    *p = '\0';
    conn->len = p - conn->reason;
}


static bb_postgres_host_t *
bb_postgres_conn_host(bb_postgres_conn_t *conn)
{
    bb_postgres_host_t  *host;

    host = conn->pg->conf->hosts.elts;

    return &host[conn->host];
}

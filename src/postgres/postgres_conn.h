/* One connection of a client; for postgres_conn.c and postgres_client.c. */

#ifndef _BB_POSTGRES_CONN_H_INCLUDED_
#define _BB_POSTGRES_CONN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "postgres/postgres_client.h"


#define BB_POSTGRES_REASON_LEN  512

/* milliseconds */
#define BB_POSTGRES_GRACE       200    /* beyond the time: to answer */
#define BB_POSTGRES_SILENCE     1000   /* beyond that: the server is gone */
#define BB_POSTGRES_HURRY       50     /* between attempts while calls wait */


typedef struct bb_postgres_conn_s  bb_postgres_conn_t;


struct bb_postgres_call_s {
    ngx_queue_t                     queue;       /* pg->waiting or conn->sent */
    ngx_queue_t                     order;       /* pg->calls, until it ended */
    bb_postgres_t                  *pg;
    bb_postgres_conn_t             *conn;        /* NULL: waiting */

    const bb_postgres_statement_t  *st;
    bb_postgres_handler_pt          handler;
    void                           *data;
    ngx_msec_t                      deadline;

    PGresult                       *res;         /* the first error, if any */
    ngx_uint_t                      generation;  /* of the name it executes */

    unsigned                        ended:1;     /* only results to absorb */
    unsigned                        preparing:1; /* next: PREPARE's result */
    unsigned                        refused:1;   /* res is an error */
    unsigned                        again:1;     /* was sent a second time */

    int                             n;
    const char                    **values;      /* these follow the struct */
    int                            *lengths;
    int                            *formats;
};


/* a statement on one connection, named bb_<id>_<generation> */

typedef struct {
    ngx_uint_t                      generation;
    ngx_uint_t                      prepared;    /* or being prepared */
} bb_postgres_prepared_t;


/*
 * DOWN         timer starts the next attempt
 * CONNECTING   PQconnectPoll() is under way; timer is this host's deadline
 * UP           in pipeline mode; sent holds the calls in the order of results
 */

struct bb_postgres_conn_s {
    bb_postgres_t                  *pg;
    bb_postgres_state_e             state;

    PGconn                         *db;          /* NULL: DOWN */
    ngx_connection_t               *c;

    ngx_event_t                     timer;       /* cancelable */
    ngx_event_t                     work;        /* posted after a send */

    ngx_queue_t                     sent;
    ngx_uint_t                      n;           /* calls in sent */
    ngx_msec_t                      head;        /* since when first is first */

    ngx_uint_t                      host;        /* index of the one in use */
    ngx_uint_t                      tried;       /* hosts failed this round */
    ngx_uint_t                      rounds;      /* failed since last success */
    ngx_msec_t                      since;       /* when it came up */

    bb_postgres_prepared_t         *prepared;    /* by statement id */

    size_t                          len;
    u_char                          reason[BB_POSTGRES_REASON_LEN];

    unsigned                        broken:1;    /* UP, but to be lost */
    unsigned                        corked:1;    /* until work runs */
    unsigned                        unix_socket:1;
};


struct bb_postgres_s {
    bb_postgres_conf_t             *conf;
    ngx_msec_t                      timeout;     /* of a statement */
    const char                     *options;     /* behind all others */
    bb_postgres_stat_t             *stat;

    bb_postgres_conn_t             *conns;
    ngx_uint_t                      nconns;
    ngx_uint_t                      host;        /* that worked last */
    ngx_msec_t                      attempt;     /* when the last one began */

    ngx_queue_t                     waiting;
    ngx_queue_t                     calls;       /* not ended, oldest first */
    ngx_uint_t                      in_flight;   /* length of calls */
    ngx_uint_t                      total;       /* waiting and sent, all */

    ngx_event_t                     timer;       /* armed while total > 0 */
    ngx_log_t                      *log;

    ngx_msec_t                      warned;
    u_char                          reason[BB_POSTGRES_REASON_LEN];
};


/* Makes a connection that is DOWN.  NGX_ERROR: out of memory. */
ngx_int_t bb_postgres_conn_init(bb_postgres_conn_t *conn, bb_postgres_t *pg);

/* Closes it and frees what was sent on it; no handler runs. */
void bb_postgres_conn_destroy(bb_postgres_conn_t *conn);

/* Has a connection that is DOWN try after delay (> 0) ms at the latest. */
void bb_postgres_conn_start(bb_postgres_conn_t *conn, ngx_msec_t delay);

/*
 * Sends call, which is in no queue, on a connection that is UP.  No handler
 * runs inside; a failure shows as a lost connection, later in this turn.
 */
void bb_postgres_conn_send(bb_postgres_conn_t *conn, bb_postgres_call_t *call);

/*
 * Gives up a connection that is UP: its calls end with BB_POSTGRES_LOST.
 * reason: unless conn->reason tells already what the server said.
 */
void bb_postgres_conn_lose(bb_postgres_conn_t *conn, const char *reason);


/* The client's side, called from events only. */

/* conn came up. */
void bb_postgres_client_up(bb_postgres_conn_t *conn);

/* conn could use no host, for conn->reason. */
void bb_postgres_client_failed(bb_postgres_conn_t *conn);

/* Ends call, which has left its queue, unless that was done, and frees it. */
void bb_postgres_client_finish(bb_postgres_call_t *call, bb_postgres_rc_e rc);

/* Frees call only. */
void bb_postgres_client_free(bb_postgres_call_t *call);


#endif /* _BB_POSTGRES_CONN_H_INCLUDED_ */

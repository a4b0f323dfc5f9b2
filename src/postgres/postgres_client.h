/*
 * The PostgreSQL client of one worker: a few connections in pipeline mode, each
 * shared by all requests.  One call is one prepared statement, is one
 * transaction, is one sync: an error undoes that call only.
 *
 * A call that finds no connection waits for one in a bounded queue.  Every call
 * ends exactly once.
 */

#ifndef _BB_POSTGRES_CLIENT_H_INCLUDED_
#define _BB_POSTGRES_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <libpq-fe.h>

#include "postgres/postgres_conf.h"
#include "postgres/postgres_statement.h"


/* how a call ended */

typedef enum {
    BB_POSTGRES_OK = 0,        /* committed: the server was ready after it */
    BB_POSTGRES_ERROR,         /* refused by the server, nothing was changed */
    BB_POSTGRES_UNAVAILABLE,   /* never sent: no connection */
    BB_POSTGRES_TIMEOUT,       /* sent, no answer in time: outcome unknown */
    BB_POSTGRES_LOST           /* sent, connection lost: outcome unknown */
} bb_postgres_rc_e;


typedef enum {
    BB_POSTGRES_DOWN = 0,      /* no connection is up, next attempt later */
    BB_POSTGRES_CONNECTING,
    BB_POSTGRES_UP             /* at least one connection is */
} bb_postgres_state_e;


/* kept in the worker's slot of the shared zone; written by this worker only */

typedef struct {
    ngx_atomic_uint_t    up;            /* connections that are up now */
    ngx_atomic_uint_t    connects;      /* connections that came up */
    ngx_atomic_uint_t    failures;      /* failed attempts, lost connections */
    ngx_atomic_uint_t    calls;
    ngx_atomic_uint_t    errors;        /* refused by the server */
    ngx_atomic_uint_t    timeouts;
    ngx_atomic_uint_t    rejected;      /* refused because the queue was full */
    ngx_atomic_uint_t    in_flight;     /* waiting and sent */
} bb_postgres_stat_t;


typedef struct {
    const char   *value;       /* NULL: SQL NULL.  Text ends with a zero */
    int           len;         /* of a binary value */
    int           binary;
} bb_postgres_param_t;


typedef struct bb_postgres_s       bb_postgres_t;
typedef struct bb_postgres_call_s  bb_postgres_call_t;

/*
 * Runs once when a call ends, never before the function that queued it has
 * returned.  res: the result (OK) or the error (ERROR; PG_DIAG_SQLSTATE and so
 * on), valid during the handler only; NULL otherwise.
 */
typedef void (*bb_postgres_handler_pt)(void *data, bb_postgres_rc_e rc,
    PGresult *res);


/*
 * Makes a client with its own n connections and starts to connect.  conf and
 * stat must outlive it, and so must options: more of them for its sessions,
 * such as " -c lock_timeout=250", or "".  timeout: ms that its sessions give a
 * statement.  Returns NULL when out of memory.
 */
bb_postgres_t *bb_postgres_create(ngx_cycle_t *cycle, bb_postgres_conf_t *conf,
    ngx_uint_t n, ngx_msec_t timeout, const char *options,
    bb_postgres_stat_t *stat);

/* Closes the connections and frees everything; pending handlers do not run. */
void bb_postgres_destroy(bb_postgres_t *pg);

/*
 * Queues one statement; the parameters are copied.  Results come as text.
 * Returns NULL, with nothing queued and the handler never run, when the queue
 * is full or memory is out.
 */
bb_postgres_call_t *bb_postgres_call(bb_postgres_t *pg,
    const bb_postgres_statement_t *st, const bb_postgres_param_t *params,
    ngx_uint_t n, bb_postgres_handler_pt handler, void *data);

/* The owner of data goes away: the handler of call will not run. */
void bb_postgres_forget(bb_postgres_call_t *call);

bb_postgres_state_e bb_postgres_state(bb_postgres_t *pg);

/* Why no connection is up, or "" if one is; valid until the next event. */
const char *bb_postgres_reason(bb_postgres_t *pg);


#endif /* _BB_POSTGRES_CLIENT_H_INCLUDED_ */

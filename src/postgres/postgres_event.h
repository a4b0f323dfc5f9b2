/* libpq's sockets in nginx's event loop. */

#ifndef _BB_POSTGRES_EVENT_H_INCLUDED_
#define _BB_POSTGRES_EVENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <libpq-fe.h>


/*
 * Registers the present socket of conn.  handler runs for both directions with
 * an event whose data is the returned connection, whose data is data.
 * Nothing is awaited until bb_postgres_event_want().  Returns NULL, having
 * logged why, when nginx has no connection left.
 */
ngx_connection_t *bb_postgres_event_open(PGconn *conn,
    ngx_event_handler_pt handler, void *data, ngx_log_t *log);

/* What to wait for, level-triggered.  NGX_ERROR: logged by nginx. */
ngx_int_t bb_postgres_event_want(ngx_connection_t *c, ngx_uint_t read,
    ngx_uint_t write);

/*
 * Forgets the socket; libpq closes it.  Called before PQfinish(), and around
 * each PQconnectPoll(), which may close a socket and open another one of the
 * same number.
 */
void bb_postgres_event_close(ngx_connection_t *c, PGconn *conn);


#endif /* _BB_POSTGRES_EVENT_H_INCLUDED_ */

/*
 * libpq's sockets in nginx's event loop: level-triggered, as libpq does not
 * read a socket until it is empty, and never closed here, as libpq owns them.
 */

#include "postgres/postgres_event.h"


static ngx_int_t bb_postgres_event_set(ngx_event_t *ev, ngx_int_t event,
    ngx_uint_t on);


ngx_connection_t *
bb_postgres_event_open(PGconn *conn, ngx_event_handler_pt handler, void *data,
    ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(PQsocket(conn), log);
    if (c == NULL) {
        return NULL;
    }

    c->data = data;
    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->read->handler = handler;
    c->write->handler = handler;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    return c;
}


ngx_int_t
bb_postgres_event_want(ngx_connection_t *c, ngx_uint_t read, ngx_uint_t write)
{
    if (bb_postgres_event_set(c->read, NGX_READ_EVENT, read) != NGX_OK) {
        return NGX_ERROR;
    }

    return bb_postgres_event_set(c->write, NGX_WRITE_EVENT, write);
}


static ngx_int_t
bb_postgres_event_set(ngx_event_t *ev, ngx_int_t event, ngx_uint_t on)
{
    if (on && !ev->active) {
        return ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    }

    if (!on && ev->active) {
        return ngx_del_event(ev, event, 0);
    }

    return NGX_OK;
}


void
bb_postgres_event_close(ngx_connection_t *c, PGconn *conn)
{
    ngx_uint_t  flags;

    /* libpq may have closed it already, and the number may be another's now */
    flags = (PQsocket(conn) == c->fd) ? 0 : NGX_CLOSE_EVENT;

    if (ngx_del_conn) {
        if (c->read->active || c->write->active) {
            ngx_del_conn(c, flags);
        }

    } else {
        if (c->read->active || c->read->disabled) {
            ngx_del_event(c->read, NGX_READ_EVENT, flags);
        }

        if (c->write->active || c->write->disabled) {
            ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
        }
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
}

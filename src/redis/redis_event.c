/*
 * A hiredis context on nginx's event loop: an ngx_connection_t around the
 * descriptor, which stays hiredis' own to close.
 *
 * Events are level-triggered, as hiredis reads 16 KiB at most each time.
 *
 * c->write->ready: the socket has taken everything so far, so new commands
 * wait for bb_redis_event_write().  Not ready, while it connects or is full:
 * the write event is registered as soon as there is something to write.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "redis/redis_event.h"


static void bb_redis_event_read_handler(ngx_event_t *rev);
static void bb_redis_event_write_handler(ngx_event_t *wev);
static void bb_redis_event_add_read(void *data);
static void bb_redis_event_add_write(void *data);
static void bb_redis_event_del_write(void *data);
static void bb_redis_event_cleanup(void *data);


ngx_int_t
bb_redis_event_attach(redisAsyncContext *ac, ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(ac->c.fd, log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = ac;
    c->log = log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    c->read->log = log;
    c->read->handler = bb_redis_event_read_handler;

    c->write->log = log;
    c->write->handler = bb_redis_event_write_handler;

    ac->ev.data = c;
    ac->ev.addRead = bb_redis_event_add_read;
    ac->ev.addWrite = bb_redis_event_add_write;
    ac->ev.delWrite = bb_redis_event_del_write;
    ac->ev.cleanup = bb_redis_event_cleanup;

    return NGX_OK;
}


void
bb_redis_event_write(redisAsyncContext *ac)
{
    ngx_connection_t  *c;

    c = ac->ev.data;

    if (c->write->active) {
        return;
    }

    c->write->ready = 0;

    redisAsyncHandleWrite(ac);
}


static void
bb_redis_event_read_handler(ngx_event_t *rev)
{
    ngx_connection_t  *c;

    c = rev->data;

    if (c->close) {

        /* worker_shutdown_timeout: commands in flight have a deadline */

        c->close = 0;
        c->error = 0;
        return;
    }

    redisAsyncHandleRead(c->data);
}


static void
bb_redis_event_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;

    c = wev->data;

    wev->ready = 0;

    redisAsyncHandleWrite(c->data);
}


/*
 * hiredis does not hear of a failed registration: nginx logs it, and the
 * client's deadlines end the connection.
 */

static void
bb_redis_event_add_read(void *data)
{
    ngx_connection_t  *c = data;

    if (!c->read->active) {
        (void) ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
bb_redis_event_add_write(void *data)
{
    ngx_connection_t  *c = data;

    if (!c->write->ready && !c->write->active) {
        (void) ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
bb_redis_event_del_write(void *data)
{
    ngx_connection_t  *c = data;

    c->write->ready = 1;

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }
}


static void
bb_redis_event_cleanup(void *data)
{
    ngx_connection_t  *c = data;

    /* hiredis closes the descriptor next */

    if (ngx_del_conn) {
        (void) ngx_del_conn(c, NGX_CLOSE_EVENT);

    } else {
        if (c->read->active) {
            (void) ngx_del_event(c->read, NGX_READ_EVENT, NGX_CLOSE_EVENT);
        }

        if (c->write->active) {
            (void) ngx_del_event(c->write, NGX_WRITE_EVENT, NGX_CLOSE_EVENT);
        }
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);

    /* marks events of this turn that are still to be processed as stale */

    c->fd = (ngx_socket_t) -1;
}

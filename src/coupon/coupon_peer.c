/*
 * Connections between workers: their events and buffers.  What is said on them is
 * coupon_committer.c's.
 */

#include "coupon/coupon_peer.h"


#define BB_COUPON_BUFFER  16384        /* bytes, at first */


static void bb_coupon_peer_read_handler(ngx_event_t *rev);
static void bb_coupon_peer_write_handler(ngx_event_t *wev);


bb_coupon_peer_t *
bb_coupon_peer_create(bb_coupon_issuer_t *issuer, ngx_socket_t fd,
    bb_coupon_peer_read_pt read, bb_coupon_peer_gone_pt gone)
{
    ngx_connection_t  *c;
    bb_coupon_peer_t  *peer;

    c = ngx_get_connection(fd, issuer->log);
    if (c == NULL) {
        (void) ngx_close_socket(fd);
        return NULL;
    }

    c->log = issuer->log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->recv = ngx_recv;
    c->send = ngx_send;

    c->read->log = c->log;
    c->read->handler = bb_coupon_peer_read_handler;
    c->write->log = c->log;
    c->write->handler = bb_coupon_peer_write_handler;

    peer = ngx_calloc(sizeof(bb_coupon_peer_t), issuer->log);

    if (peer == NULL
        || ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK)
    {
        ngx_close_connection(c);

        if (peer) {
            ngx_free(peer);
        }

        return NULL;
    }

    peer->issuer = issuer;
    peer->c = c;
    peer->read = read;
    peer->gone = gone;
    c->data = peer;

    return peer;
}


void
bb_coupon_peer_close(bb_coupon_peer_t *peer)
{
    if (peer->c) {
        ngx_close_connection(peer->c);
        peer->c = NULL;
    }

    if (peer->in.data) {
        ngx_free(peer->in.data);
    }

    if (peer->out.data) {
        ngx_free(peer->out.data);
    }

    ngx_memzero(&peer->in, sizeof(bb_coupon_buffer_t));
    ngx_memzero(&peer->out, sizeof(bb_coupon_buffer_t));
}


static void
bb_coupon_peer_read_handler(ngx_event_t *rev)
{
    ssize_t              n;
    ngx_connection_t    *c;
    bb_coupon_peer_t    *peer;
    bb_coupon_buffer_t  *in;

    c = rev->data;

    if (c->close) {
        /* worker_shutdown_timeout: lent claims have a deadline */
        c->close = 0;
        c->error = 0;
        return;
    }

    peer = c->data;
    in = &peer->in;

    if (bb_coupon_buffer_reserve(in, BB_COUPON_BUFFER, rev->log) != NGX_OK) {
        peer->gone(peer);
        return;
    }

    n = c->recv(c, in->data + in->last, in->size - in->last);

    if (n == NGX_AGAIN) {
        return;
    }

    if (n <= 0) {
        peer->gone(peer);
        return;
    }

    in->last += n;

    if (peer->read(peer) == NGX_ERROR) {
        peer->gone(peer);
    }
}


static void
bb_coupon_peer_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;
    bb_coupon_peer_t  *peer;

    c = wev->data;
    peer = c->data;

    if (bb_coupon_peer_write(peer) != NGX_OK) {
        peer->gone(peer);
    }
}


ngx_int_t
bb_coupon_peer_write(bb_coupon_peer_t *peer)
{
    ssize_t              n;
    ngx_connection_t    *c;
    bb_coupon_buffer_t  *out;

    c = peer->c;
    out = &peer->out;

    while (out->pos < out->last) {
        n = c->send(c, out->data + out->pos, out->last - out->pos);

        if (n == NGX_AGAIN) {
            return c->write->active ? NGX_OK
                                    : ngx_add_event(c->write, NGX_WRITE_EVENT,
                                                    NGX_LEVEL_EVENT);
        }

        if (n < 0) {
            return NGX_ERROR;
        }

        out->pos += n;
    }

    return c->write->active ? ngx_del_event(c->write, NGX_WRITE_EVENT, 0)
                            : NGX_OK;
}


ngx_int_t
bb_coupon_buffer_reserve(bb_coupon_buffer_t *b, size_t size, ngx_log_t *log)
{
    size_t   used, need;
    u_char  *data;

    if (b->size - b->last >= size) {
        return NGX_OK;
    }

    used = b->last - b->pos;
    need = used + size;

    if (b->size >= need) {
        ngx_memmove(b->data, b->data + b->pos, used);

    } else {
        need = ngx_max(ngx_max(need, b->size * 2), BB_COUPON_BUFFER);

        data = ngx_alloc(need, log);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (used) {
            ngx_memcpy(data, b->data + b->pos, used);
        }

        if (b->data) {
            ngx_free(b->data);
        }

        b->data = data;
        b->size = need;
    }

    b->pos = 0;
    b->last = used;

    return NGX_OK;
}

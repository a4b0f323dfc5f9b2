/* A connection between two workers of a host; for the committer. */

#ifndef _BB_COUPON_PEER_H_INCLUDED_
#define _BB_COUPON_PEER_H_INCLUDED_


#include "coupon/coupon_issuer.h"


/* bytes from pos to last, in a block of that size */

typedef struct {
    u_char                *data;
    size_t                 size;
    size_t                 pos;
    size_t                 last;
} bb_coupon_buffer_t;


/*
 * More has come to in.  NGX_ERROR: it makes no sense, or there is no memory; the
 * connection is given up.
 */
typedef ngx_int_t (*bb_coupon_peer_read_pt)(bb_coupon_peer_t *peer);

/* The connection has ended or is given up; closes or frees the peer. */
typedef void (*bb_coupon_peer_gone_pt)(bb_coupon_peer_t *peer);


/*
 * The committer keeps a peer after its connection's end until its last claim is
 * settled.
 */

struct bb_coupon_peer_s {
    ngx_queue_t              queue;     /* the owner's */
    bb_coupon_issuer_t      *issuer;
    ngx_connection_t        *c;         /* NULL: it has ended */
    bb_coupon_peer_read_pt   read;
    bb_coupon_peer_gone_pt   gone;
    bb_coupon_buffer_t       in;
    bb_coupon_buffer_t       out;
    ngx_uint_t               left;      /* borrowed claims */
    unsigned                 failed:1;  /* something was not said: no memory */
};


/* Takes the descriptor; NULL: out of memory or connections, and it is closed. */
bb_coupon_peer_t *bb_coupon_peer_create(bb_coupon_issuer_t *issuer,
    ngx_socket_t fd, bb_coupon_peer_read_pt read, bb_coupon_peer_gone_pt gone);

/* Ends the connection, if it has not ended. */
void bb_coupon_peer_close(bb_coupon_peer_t *peer);

/* Sends what is in out, now or when the socket takes it. */
ngx_int_t bb_coupon_peer_write(bb_coupon_peer_t *peer);

/* Makes room for size more bytes behind the last one. */
ngx_int_t bb_coupon_buffer_reserve(bb_coupon_buffer_t *b, size_t size,
    ngx_log_t *log);


#endif /* _BB_COUPON_PEER_H_INCLUDED_ */

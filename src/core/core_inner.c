/*
 * Requests of a worker's own.
 *
 * nginx takes a request's connection for that of its client: it waits for
 * events on it, asks for addresses, and closes it at the end.  Here it is one
 * end of a pair of sockets, over which nothing is ever sent, so all of this
 * works as with a client on a unix socket that stays and keeps silent.
 *
 * The connection, its end of the pair, and all memory go with the request.
 */

#include "core/core_inner.h"


#define BB_INNER_POOL  512


typedef struct {
    ngx_http_connection_t    http;
    ngx_http_log_ctx_t       ctx;
    ngx_log_t                log;
    ngx_sockaddr_t           address;
    ngx_buf_t                buffer;     /* of what a client sends: empty */
    ngx_socket_t             peer;
} bb_inner_t;


static ngx_connection_t *bb_inner_connect(ngx_log_t *log);
static bb_inner_t *bb_inner_attach(ngx_connection_t *c, ngx_socket_t peer);
static void bb_inner_disconnect(void *data);
static ngx_http_request_t *bb_inner_request(ngx_connection_t *c);
static void bb_inner_event_handler(ngx_event_t *ev);
static u_char *bb_inner_log_handler(ngx_log_t *log, u_char *buf, size_t len);


bb_req_t *
bb_inner_create(bb_worker_t *worker, ngx_bb_store_loc_conf_t *lcf,
    ngx_http_conf_ctx_t *ctx)
{
    bb_req_t               *req;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_connection_t  *hc;

    c = bb_inner_connect(worker->cycle->log);
    if (c == NULL) {
        return NULL;
    }

    hc = c->data;
    hc->conf_ctx = ctx;

    r = bb_inner_request(c);
    if (r == NULL) {
        ngx_http_close_connection(c);
        return NULL;
    }

    req = bb_req_create(r, lcf, worker->conf, NULL);
    if (req == NULL) {
        ngx_http_free_request(r, 0);
        ngx_http_close_connection(c);
        return NULL;
    }

    return req;
}


static ngx_connection_t *
bb_inner_connect(ngx_log_t *log)
{
    bb_inner_t        *inner;
    ngx_socket_t       pair[2];
    ngx_connection_t  *c;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_socket_errno,
                      "bb_store: no sockets for a request of the worker");
        return NULL;
    }

    c = NULL;

    if (ngx_nonblocking(pair[0]) == 0) {
        c = ngx_get_connection(pair[0], log);
    }

    if (c == NULL) {
        (void) ngx_close_socket(pair[0]);
        (void) ngx_close_socket(pair[1]);
        return NULL;
    }

#if (NGX_STAT_STUB)
    /* ngx_http_close_connection() takes it off again */
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    c->pool = ngx_create_pool(BB_INNER_POOL, log);

    inner = c->pool ? bb_inner_attach(c, pair[1]) : NULL;

    if (inner == NULL) {
        (void) ngx_close_socket(pair[1]);

        if (c->pool) {
            ngx_http_close_connection(c);
            return NULL;
        }

#if (NGX_STAT_STUB)
        (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
#endif
        ngx_close_connection(c);
        return NULL;
    }

    return c;
}


/* As nginx does it after an accept(), and then for HTTP. */

static bb_inner_t *
bb_inner_attach(ngx_connection_t *c, ngx_socket_t peer)
{
    bb_inner_t          *inner;
    ngx_pool_cleanup_t  *cln;

    inner = ngx_pcalloc(c->pool, sizeof(bb_inner_t));
    cln = ngx_pool_cleanup_add(c->pool, 0);

    if (inner == NULL || cln == NULL) {
        return NULL;
    }

    inner->peer = peer;

    cln->handler = bb_inner_disconnect;
    cln->data = inner;

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;
    c->type = SOCK_STREAM;

    inner->log = *c->log;
    inner->log.connection = c->number;
    inner->log.handler = bb_inner_log_handler;
    inner->log.data = &inner->ctx;
    inner->log.action = NULL;

    inner->ctx.connection = c;

    c->log = &inner->log;
    c->pool->log = c->log;
    c->log_error = NGX_ERROR_INFO;

    c->recv = ngx_recv;
    c->send = ngx_send;
    c->recv_chain = ngx_recv_chain;
    c->send_chain = ngx_send_chain;

    inner->address.sockaddr.sa_family = AF_UNIX;

    c->sockaddr = &inner->address.sockaddr;
    c->socklen = sizeof(c->sockaddr->sa_family);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    ngx_str_set(&c->addr_text, "unix:");

    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;

    c->buffer = &inner->buffer;
    c->data = &inner->http;

    c->read->log = c->log;
    c->read->handler = bb_inner_event_handler;
    c->write->log = c->log;
    c->write->handler = bb_inner_event_handler;
    c->write->ready = 1;

    return inner;
}


static void
bb_inner_disconnect(void *data)
{
    bb_inner_t  *inner = data;

    (void) ngx_close_socket(inner->peer);
}


static ngx_http_request_t *
bb_inner_request(ngx_connection_t *c)
{
    ngx_http_request_t  *r;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        return NULL;
    }

    c->data = r;

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_reading, -1);
    r->stat_reading = 0;
    (void) ngx_atomic_fetch_add(ngx_stat_writing, 1);
    r->stat_writing = 1;
#endif

    /* nobody's request: not for the access log, nor for limits of clients */

    r->logged = 1;
    r->limit_req_status = 1;
    r->limit_conn_status = 1;

    r->method = NGX_HTTP_GET;
    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;
    ngx_str_set(&r->method_name, "GET");
    ngx_str_set(&r->uri, "/");

    r->read_event_handler = ngx_http_request_empty_handler;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 1,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        ngx_http_free_request(r, 0);
        return NULL;
    }

    return r;
}


void
bb_inner_run(bb_req_t *req)
{
    ngx_connection_t  *c;

    c = req->r->connection;

    /* nothing comes any more: at its end nginx closes it without lingering */
    c->read->eof = 1;

    ngx_http_finalize_request(req->r, NGX_DONE);
    ngx_http_run_posted_requests(c);
}


void
bb_inner_abort(bb_req_t *req)
{
    ngx_connection_t  *c;

    c = req->r->connection;

    /* so that the end of its last call does not free it in between */
    req->r->count++;

    ngx_http_finalize_request(req->r, NGX_ERROR);
    ngx_http_run_posted_requests(c);
}


/* Nothing happens on the connection, except that nginx wants it closed. */

static void
bb_inner_event_handler(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ev->data;
    r = c->data;

    if (c->close) {
        bb_inner_abort(ngx_http_get_module_ctx(r, ngx_bb_store_module));
    }
}


static u_char *
bb_inner_log_handler(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_log_ctx_t  *ctx;

    p = buf;
    ctx = log->data;

    if (log->action) {
        p = ngx_snprintf(p, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    p = ngx_snprintf(p, len, ", in the background");
    len -= p - buf;

    if (ctx->request) {
        p = ctx->request->log_handler(ctx->request, ctx->current_request, p,
                                      len);
    }

    return p;
}

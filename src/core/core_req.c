/*
 * The way of a request: route, inputs, body, then the endpoint's work.
 *
 * States: made (status NGX_DONE; nginx may be reading the body) -> working
 * (operations in flight) -> replied.  nginx frees the request when it has been
 * finalized or its client left; the clean-up handler then forgets whatever is
 * still in flight.
 */

#include "core/core_req.h"
#include "core/core_fault.h"
#include "core/core_input.h"
#include "core/core_query.h"
#include "core/core_reply.h"


static ngx_int_t bb_req_sent_path(ngx_http_request_t *r,
    ngx_bb_store_loc_conf_t *lcf, ngx_str_t *path);
static void bb_req_restore_slashes(bb_route_match_t *match);
static ngx_uint_t bb_req_is_served(const bb_route_match_t *match,
    ngx_uint_t domains);
static ngx_uint_t bb_req_is_closed(const ngx_str_t *path);
static ngx_int_t bb_req_not_found(ngx_http_request_t *r,
    ngx_bb_store_loc_conf_t *lcf, ngx_bb_store_main_conf_t *conf);
static void bb_req_cleanup(void *data);
static void bb_req_body_handler(ngx_http_request_t *r);
static void bb_req_start(bb_req_t *req);
static void bb_req_op_unbind(void *call);


ngx_int_t
bb_req_handler(ngx_http_request_t *r)
{
    bb_req_t                  *req;
    ngx_int_t                  rc;
    bb_route_t                *route;
    ngx_uint_t                 method;
    bb_route_match_t           match;
    ngx_bb_store_loc_conf_t   *lcf;
    ngx_bb_store_main_conf_t  *conf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_bb_store_module);

    if (lcf->domains == 0 || r != r->main) {
        return NGX_DECLINED;
    }

    req = ngx_http_get_module_ctx(r, ngx_bb_store_module);

    if (req) {
        return req->status;
    }

    bb_fault_request(r);

    conf = ngx_http_get_module_main_conf(r, ngx_bb_store_module);

    rc = bb_req_match(r, lcf, conf, &match);

    if (rc == NGX_HTTP_NOT_FOUND) {
        return bb_req_not_found(r, lcf, conf);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    method = (r->method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : r->method;

    for (route = match.routes; route; route = route->next) {
        if (route->endpoint->method == method
            && (route->endpoint->domain & lcf->domains))
        {
            break;
        }
    }

    req = bb_req_create(r, lcf, conf, route);
    if (req == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (req->worker == NULL) {
        bb_reply_unavailable(req);
        return NGX_DONE;
    }

    if (route == NULL) {
        bb_reply_methods(req, match.routes);
        return NGX_DONE;
    }

    if (bb_input_user(req) != NGX_OK
        || bb_input_path(req, match.segment) != NGX_OK
        || bb_input_query(req) != NGX_OK)
    {
        return NGX_DONE;
    }

    if (route->endpoint->body == BB_BODY_NONE) {

        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }

        bb_req_start(req);
        return NGX_DONE;
    }

    if (bb_input_body_headers(req) != NGX_OK) {
        return NGX_DONE;
    }

    r->request_body_in_single_buf = 1;

    /* whatever client_body_in_file_only says: a worker reads no file */
    r->request_body_in_file_only = 0;

    rc = ngx_http_read_client_request_body(r, bb_req_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    /* give back the reference that reading the body took */
    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


ngx_int_t
bb_req_match(ngx_http_request_t *r, ngx_bb_store_loc_conf_t *lcf,
    ngx_bb_store_main_conf_t *conf, bb_route_match_t *match)
{
    ngx_str_t  path, sent;

    if (r->uri.len < lcf->mount.len
        || ngx_strncmp(r->uri.data, lcf->mount.data, lcf->mount.len) != 0)
    {
        return NGX_DECLINED;
    }

    path.data = r->uri.data + lcf->mount.len;
    path.len = r->uri.len - lcf->mount.len;

    sent = path;

    if (bb_req_sent_path(r, lcf, &sent) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (bb_route_find(&conf->routes, lcf->scope, &sent, match) == NGX_OK
        && bb_req_is_served(match, lcf->domains))
    {
        bb_req_restore_slashes(match);
        return NGX_OK;
    }

    if (r->content_handler == NULL
        || (lcf->scope == BB_PUBLIC && bb_req_is_closed(&path)))
    {
        return NGX_HTTP_NOT_FOUND;
    }

    return NGX_DECLINED;
}


/*
 * nginx has decoded the URI as a whole, so that an encoded slash looks like one
 * that separates.  If there is one, path becomes the path as it was sent, decoded
 * with NUL for each encoded slash: nginx lets no other NUL in.
 */

static ngx_int_t
bb_req_sent_path(ngx_http_request_t *r, ngx_bb_store_loc_conf_t *lcf,
    ngx_str_t *path)
{
    u_char     *p, *last, *dst;
    ngx_str_t   sent;

    static u_char  slash[] = "%2f";

    if (!r->quoted_uri || !r->valid_unparsed_uri) {
        return NGX_OK;
    }

    p = r->unparsed_uri.data;
    last = ngx_strlchr(p, p + r->unparsed_uri.len, '?');

    if (last == NULL) {
        last = p + r->unparsed_uri.len;
    }

    if (ngx_strlcasestrn(p, last, slash, sizeof(slash) - 2) == NULL) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, last - p);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    sent.data = dst;

    while (p < last) {
        *dst = *p++;

        if (*dst == '%' && last - p >= 2) {
            *dst = (u_char) ngx_hextoi(p, 2);
            p += 2;

            if (*dst == '/') {
                *dst = '\0';
            }
        }

        dst++;
    }

    sent.len = dst - sent.data;

    if (sent.len < lcf->mount.len
        || ngx_strncmp(sent.data, lcf->mount.data, lcf->mount.len) != 0)
    {
        return NGX_OK;
    }

    path->data = sent.data + lcf->mount.len;
    path->len = sent.len - lcf->mount.len;

    return NGX_OK;
}


static void
bb_req_restore_slashes(bb_route_match_t *match)
{
    u_char      *p, *last;
    ngx_uint_t   i;

    for (i = 0; i < match->n; i++) {
        p = match->segment[i].data;
        last = p + match->segment[i].len;

        while (p < last) {
            if (*p == '\0') {
                *p = '/';
            }

            p++;
        }
    }
}


static ngx_uint_t
bb_req_is_served(const bb_route_match_t *match, ngx_uint_t domains)
{
    bb_route_t  *route;

    for (route = match->routes; route; route = route->next) {
        if (route->endpoint->domain & domains) {
            return 1;
        }
    }

    return 0;
}


/*
 * Whether the first segment is one that is never reachable through the public
 * mount, here or onward.  A service behind may cut each segment at a semicolon
 * and only then look for dots and empty ones, so this does, too; a path that
 * would leave the mount in this way is closed as well.
 */

static ngx_uint_t
bb_req_is_closed(const ngx_str_t *path)
{
    u_char      *p, *last, *end, *cut;
    ngx_str_t    first;
    ngx_uint_t   i, depth;

    static const ngx_str_t  closed[] = {
        ngx_string("client"), ngx_string("actuator"), ngx_string("test")
    };

    depth = 0;
    ngx_str_null(&first);

    last = path->data + path->len;

    for (p = ngx_strlchr(path->data, last, '/'); p; p = end) {
        p++;

        end = ngx_strlchr(p, last, '/');
        cut = ngx_strlchr(p, end ? end : last, ';');

        if (cut == NULL) {
            cut = end ? end : last;
        }

        if (cut == p || (cut - p == 1 && *p == '.')) {
            continue;
        }

        if (cut - p == 2 && p[0] == '.' && p[1] == '.') {

            if (depth == 0) {
                return 1;
            }

            depth--;
            continue;
        }

        if (depth++ == 0) {
            first.data = p;
            first.len = cut - p;
        }
    }

    for (i = 0; depth && i < sizeof(closed) / sizeof(closed[0]); i++) {
        if (first.len == closed[i].len
            && ngx_strncmp(first.data, closed[i].data, first.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
bb_req_not_found(ngx_http_request_t *r, ngx_bb_store_loc_conf_t *lcf,
    ngx_bb_store_main_conf_t *conf)
{
    bb_req_t  *req;

    req = bb_req_create(r, lcf, conf, NULL);
    if (req == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    bb_reply_not_found(req);

    return NGX_DONE;
}


bb_req_t *
bb_req_create(ngx_http_request_t *r, ngx_bb_store_loc_conf_t *lcf,
    ngx_bb_store_main_conf_t *conf, const bb_route_t *route)
{
    bb_req_t            *req;
    ngx_uint_t           n;
    ngx_http_cleanup_t  *cln;

    n = route ? route->n : 0;

    req = ngx_pcalloc(r->pool, sizeof(bb_req_t) + n * sizeof(bb_value_t));
    if (req == NULL) {
        return NULL;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = bb_req_cleanup;
    cln->data = req;

    req->r = r;
    req->conf = conf;
    req->lcf = lcf;
    req->worker = conf->worker;
    req->route = route;
    req->status = NGX_DONE;
    req->values = (bb_value_t *) &req[1];

    ngx_queue_init(&req->ops);

    ngx_http_set_ctx(r, req, ngx_bb_store_module);

    /* nginx would enter the phases again when the client can be written to */
    r->write_event_handler = ngx_http_request_empty_handler;

    return req;
}


static void
bb_req_cleanup(void *data)
{
    bb_req_t  *req = data;

    bb_op_t      *op;
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&req->ops)) {
        q = ngx_queue_head(&req->ops);
        op = ngx_queue_data(q, bb_op_t, queue);

        ngx_queue_remove(q);

        op->forget(op->call);
    }

    if (req->body) {
        json_decref(req->body);
        req->body = NULL;
    }
}


static void
bb_req_body_handler(ngx_http_request_t *r)
{
    bb_req_t  *req;

    req = ngx_http_get_module_ctx(r, ngx_bb_store_module);

    r->write_event_handler = ngx_http_request_empty_handler;

    if (bb_input_body(req) != NGX_OK) {
        return;
    }

    bb_req_start(req);
}


static void
bb_req_start(bb_req_t *req)
{
    const bb_endpoint_t  *endpoint;

    if (!req->r->discard_body) {
        /* notices a client that leaves; while nginx skips a body, it does */
        req->r->read_event_handler = ngx_http_test_reading;
    }

    endpoint = req->route->endpoint;

    if (endpoint->handler) {
        endpoint->handler(req);
        return;
    }

    bb_query_run(req, bb_query_reply);
}


void
bb_req_op_add(bb_req_t *req, bb_op_t *op, void *call,
    void (*forget)(void *call))
{
    op->req = req;
    op->call = call;
    op->forget = forget;

    ngx_queue_insert_tail(&req->ops, &op->queue);
}


void
bb_req_op_done(bb_op_t *op)
{
    ngx_queue_remove(&op->queue);
}


void
bb_req_op_bind(bb_req_t *req, bb_op_t *op)
{
    bb_req_op_add(req, op, op, bb_req_op_unbind);
}


static void
bb_req_op_unbind(void *call)
{
    bb_op_t  *op = call;

    op->req = NULL;
}


bb_req_t *
bb_req_op_take(bb_op_t *op, ngx_connection_t **c)
{
    bb_req_t  *req;

    req = op->req;
    *c = NULL;

    if (req) {
        bb_req_op_done(op);
        op->req = NULL;
        *c = req->r->connection;
    }

    return req;
}

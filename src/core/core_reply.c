/* Answers: envelope, headers, statuses, and their counters. */

#include "core/core_reply.h"


#define BB_ENVELOPE_HEAD  "{\"data\":"
#define BB_ENVELOPE_TAIL                                                      \
    ",\"message\":null,\"errorCode\":null,\"result\":\"SUCCESS\"}"

#define BB_FAIL_HEAD  "{\"data\":null,\"message\":\""
#define BB_FAIL_TAIL(code)                                                    \
    "\",\"errorCode\":\"" code "\",\"result\":\"FAIL\"}"

#define BB_INVALID  "요청한 값이 올바르지 않습니다."


static void bb_reply_send(bb_req_t *req, ngx_uint_t status, ngx_str_t *body,
    ngx_uint_t outcome);
static ngx_int_t bb_reply_header(ngx_http_request_t *r, const char *name,
    const char *value);
static ngx_int_t bb_reply_header_filter(ngx_http_request_t *r);
static bb_req_t *bb_reply_refused(ngx_http_request_t *r);
static ngx_int_t bb_reply_body_filter(ngx_http_request_t *r, ngx_chain_t *in);


static const ngx_str_t  bb_reply_null =
    ngx_string(BB_ENVELOPE_HEAD "null" BB_ENVELOPE_TAIL);

static ngx_str_t  bb_reply_system_error =
    ngx_string(BB_FAIL_HEAD
               "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요."
               BB_FAIL_TAIL("COMMON_SYSTEM_ERROR"));

static const ngx_str_t  bb_reply_no_entity =
    ngx_string(BB_FAIL_HEAD "존재하지 않는 엔티티입니다."
               BB_FAIL_TAIL("COMMON_ENTITY_NOT_FOUND"));

static ngx_str_t  bb_reply_too_large =
    ngx_string(BB_FAIL_HEAD BB_INVALID " the body is too large"
               BB_FAIL_TAIL("COMMON_INVALID_PARAMETER"));

static ngx_str_t  bb_reply_malformed =
    ngx_string(BB_FAIL_HEAD BB_INVALID " the body is malformed"
               BB_FAIL_TAIL("COMMON_INVALID_PARAMETER"));


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


void
bb_reply_void(bb_req_t *req)
{
    bb_reply_send(req, NGX_HTTP_OK, NULL, BB_OUTCOME_SUCCESS);
}


void
bb_reply_data(bb_req_t *req, const ngx_str_t *data)
{
    u_char     *p;
    ngx_str_t   body;

    if (data == NULL) {
        body = bb_reply_null;
        bb_reply_send(req, NGX_HTTP_OK, &body, BB_OUTCOME_SUCCESS);
        return;
    }

    body.len = sizeof(BB_ENVELOPE_HEAD) - 1 + data->len
               + sizeof(BB_ENVELOPE_TAIL) - 1;

    body.data = ngx_pnalloc(req->r->pool, body.len);
    if (body.data == NULL) {
        bb_reply_error(req);
        return;
    }

    p = ngx_cpymem(body.data, BB_ENVELOPE_HEAD, sizeof(BB_ENVELOPE_HEAD) - 1);
    p = ngx_cpymem(p, data->data, data->len);
    ngx_memcpy(p, BB_ENVELOPE_TAIL, sizeof(BB_ENVELOPE_TAIL) - 1);

    bb_reply_send(req, NGX_HTTP_OK, &body, BB_OUTCOME_SUCCESS);
}


void
bb_reply_fail(bb_req_t *req, bb_error_e error)
{
    ngx_str_t  body;

    body = *bb_error_body(error);
    bb_reply_send(req, NGX_HTTP_OK, &body, BB_OUTCOME_FAIL);
}


void
bb_reply_invalid(bb_req_t *req, ngx_uint_t status, const char *reason,
    const ngx_str_t *name)
{
    u_char     *p, *last;
    size_t      len;
    ngx_str_t   body;

    static const char  head[] = BB_FAIL_HEAD BB_INVALID " ";
    static const char  tail[] = BB_FAIL_TAIL("COMMON_INVALID_PARAMETER");

    len = sizeof(head) + ngx_strlen(reason) + (name ? name->len : 0)
          + sizeof(tail);

    p = ngx_pnalloc(req->r->pool, len);
    if (p == NULL) {
        bb_reply_error(req);
        return;
    }

    body.data = p;
    last = p + len;

    p = ngx_cpymem(p, head, sizeof(head) - 1);
    p = ngx_slprintf(p, last, reason, name);
    p = ngx_cpymem(p, tail, sizeof(tail) - 1);

    body.len = p - body.data;

    bb_reply_send(req, status, &body, BB_OUTCOME_INVALID);
}


void
bb_reply_unavailable(bb_req_t *req)
{
    ngx_str_t  body;

    if (bb_reply_header(req->r, "Retry-After", "1") != NGX_OK) {
        bb_reply_error(req);
        return;
    }

    body = bb_reply_system_error;
    bb_reply_send(req, NGX_HTTP_SERVICE_UNAVAILABLE, &body,
                  BB_OUTCOME_UNAVAILABLE);
}


void
bb_reply_error(bb_req_t *req)
{
    ngx_str_t  body;

    body = bb_reply_system_error;
    bb_reply_send(req, NGX_HTTP_INTERNAL_SERVER_ERROR, &body,
                  BB_OUTCOME_ERROR);
}


void
bb_reply_not_found(bb_req_t *req)
{
    ngx_str_t  body;

    body = bb_reply_no_entity;
    bb_reply_send(req, NGX_HTTP_NOT_FOUND, &body, BB_OUTCOME_INVALID);
}


void
bb_reply_methods(bb_req_t *req, bb_route_t *routes)
{
    char         allow[sizeof("GET, HEAD, POST, PUT, DELETE, OPTIONS")];
    u_char      *p, *value;
    bb_route_t  *route;
    ngx_uint_t   i, methods;

    static const struct {
        ngx_uint_t    method;
        const char   *text;
    } names[] = {
        { NGX_HTTP_GET, "GET, HEAD, " },
        { NGX_HTTP_POST, "POST, " },
        { NGX_HTTP_PUT, "PUT, " },
        { NGX_HTTP_DELETE, "DELETE, " }
    };

    methods = 0;

    for (route = routes; route; route = route->next) {
        if (route->endpoint->domain & req->lcf->domains) {
            methods |= route->endpoint->method;
        }
    }

    p = (u_char *) allow;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (methods & names[i].method) {
            p = ngx_cpymem(p, names[i].text, ngx_strlen(names[i].text));
        }
    }

    p = ngx_cpymem(p, "OPTIONS", sizeof("OPTIONS"));

    value = ngx_pnalloc(req->r->pool, p - (u_char *) allow);
    if (value == NULL) {
        bb_reply_error(req);
        return;
    }

    ngx_memcpy(value, allow, p - (u_char *) allow);

    if (bb_reply_header(req->r, "Allow", (char *) value) != NGX_OK) {
        bb_reply_error(req);
        return;
    }

    if (req->r->method == NGX_HTTP_OPTIONS) {
        bb_reply_void(req);
        return;
    }

    bb_reply_invalid(req, NGX_HTTP_NOT_ALLOWED,
                     "this method is not allowed here", NULL);
}


static ngx_int_t
bb_reply_header(ngx_http_request_t *r, const char *name, const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


static void
bb_reply_send(bb_req_t *req, ngx_uint_t status, ngx_str_t *body,
    ngx_uint_t outcome)
{
    ngx_buf_t           *b;
    ngx_int_t            rc;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = req->r;

    req->replied = 1;

    if (req->worker) {
        req->worker->slot->requests[outcome]++;
    }

    /* only a success that is the same for everybody may be cached */

    if (outcome != BB_OUTCOME_SUCCESS || req->route == NULL
        || req->route->endpoint->method != NGX_HTTP_GET
        || req->route->endpoint->user != BB_USER_NONE)
    {
        if (bb_reply_header(r, "Cache-Control", "no-store") != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }
    }

    if (r->headers_in.expect && r->request_body == NULL) {

        /*
         * The client asks whether it may send the body: this answer is the
         * no.  It may send it all the same, so the connection ends.
         */

        r->expect_tested = 1;
        r->keepalive = 0;
    }

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    /*
     * Conditions of the client's (If-Match and so on) hold for what may be
     * cached: nothing of ours has a tag or date, and the work is done.
     */
    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = body ? (off_t) body->len : 0;

    if (body) {
        ngx_str_set(&r->headers_out.content_type, "application/json");
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        r->headers_out.content_type_lowcase = NULL;

    } else {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    ngx_http_finalize_request(r, ngx_http_output_filter(r, &out));
}


ngx_int_t
bb_reply_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = bb_reply_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = bb_reply_body_filter;

    return NGX_OK;
}


static ngx_int_t
bb_reply_header_filter(ngx_http_request_t *r)
{
    bb_req_t  *req;

    if (r->headers_out.status < NGX_HTTP_BAD_REQUEST || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    req = ngx_http_get_module_ctx(r, ngx_bb_store_module);

    if (req == NULL) {
        req = bb_reply_refused(r);
    }

    if (req == NULL || req->replied) {
        return ngx_http_next_header_filter(r);
    }

    /* what nginx found wrong before or while it read the body */

    switch (r->headers_out.status) {

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        req->page = &bb_reply_too_large;
        break;

    case NGX_HTTP_BAD_REQUEST:
        req->page = &bb_reply_malformed;
        break;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        req->page = &bb_reply_system_error;
        break;

    default:
        return ngx_http_next_header_filter(r);
    }

    if (req->worker) {
        req->worker->slot->requests[req->page == &bb_reply_system_error
                                    ? BB_OUTCOME_ERROR
                                    : BB_OUTCOME_INVALID]++;
    }

    if (bb_reply_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_ERROR;
    }

    r->headers_out.content_length_n = req->page->len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);

    return ngx_http_next_header_filter(r);
}


/*
 * A context for a request that nginx refuses for its size before our handler
 * could see it, if that would have answered it; otherwise NULL.
 */

static bb_req_t *
bb_reply_refused(ngx_http_request_t *r)
{
    bb_req_t                  *req;
    bb_route_match_t           match;
    ngx_bb_store_loc_conf_t   *lcf;
    ngx_bb_store_main_conf_t  *conf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_bb_store_module);
    conf = ngx_http_get_module_main_conf(r, ngx_bb_store_module);

    if (r->headers_out.status != NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
        || lcf->domains == 0
        || bb_req_match(r, lcf, conf, &match) == NGX_DECLINED)
    {
        return NULL;
    }

    req = ngx_pcalloc(r->pool, sizeof(bb_req_t));
    if (req == NULL) {
        return NULL;
    }

    req->r = r;
    req->status = NGX_DONE;
    req->worker = conf->worker;

    ngx_http_set_ctx(r, req, ngx_bb_store_module);

    return req;
}


/* Puts the envelope in the place of nginx's page. */

static ngx_int_t
bb_reply_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    bb_req_t     *req;
    ngx_buf_t    *b;
    ngx_str_t    *page;
    ngx_chain_t   out;

    req = ngx_http_get_module_ctx(r, ngx_bb_store_module);

    if (req == NULL || req->page == NULL || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    page = req->page;
    req->page = NULL;

    for ( /* void */ ; in; in = in->next) {
        in->buf->pos = in->buf->last;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = page->data;
    b->last = b->pos + page->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}

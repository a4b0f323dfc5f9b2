/*
 * Calls to other services.
 *
 * A call is a background subrequest whose answer nginx keeps in memory.  It
 * ends with the first of: the answer, the deadline, the end of its request.
 * At the deadline the subrequest is given up, as the client's connection is not
 * free for the next request while it goes on.
 */

#include "call/call_client.h"
#include "core/core_jansson.h"
#include "shm/shm_zone.h"


#define BB_CALL_MAX_ANSWER  (1024 * 1024)
#define BB_CALL_UNSIZED     (16 * 1024)      /* of chunked answers; it grows */
#define BB_CALL_MAX_TEXT    255              /* characters */
#define BB_CALL_MAX_REASON  64
#define BB_CALL_HEADERS     3


/*
 * One block with all that its subrequest needs: nginx posts a subrequest as it
 * makes it, so that what fails afterwards would leave one that goes out without.
 */

typedef struct {
    bb_op_t                       op;    /* while somebody waits */
    bb_req_t                     *req;
    ngx_http_request_t           *sr;
    bb_call_op_e                  id;
    ngx_msec_t                    started;
    ngx_uint_t                    epoch; /* of the breaker */
    ngx_event_t                   deadline;
    bb_call_handler_pt            handler;
    void                         *data;
    unsigned                      done:1;
    unsigned                      too_large:1;
    unsigned                      no_memory:1;

    ngx_http_post_subrequest_t    post;
    ngx_table_elt_t               headers[BB_CALL_HEADERS];
    u_char                        user[NGX_INT64_LEN];
    ngx_http_request_body_t       body;
    ngx_chain_t                   chain;
    ngx_buf_t                     buf;
} bb_call_t;


typedef enum {
    BB_CALL_GOOD = 0,
    BB_CALL_FAIL,          /* a FAIL, or no data: not the breaker's business */
    BB_CALL_BAD,
    BB_CALL_NO_MEMORY      /* here: it says nothing about the service */
} bb_call_rc_e;


static const struct {
    bb_service_e    service;
    unsigned        breaker:1;
    unsigned        null_ok:1;
} bb_call_ops[BB_CALL_OPS] = {
    [BB_CALL_FLOWERS] = { BB_SERVICE_PRODUCT, 0, 0 },
    [BB_CALL_SUBSCRIPTION_PRODUCT] = { BB_SERVICE_PRODUCT, 1, 0 },
    [BB_CALL_LIKES] = { BB_SERVICE_WISHLIST, 1, 0 },
    [BB_CALL_SUBSCRIPTIONS] = { BB_SERVICE_ORDER_QUERY, 1, 0 },
    [BB_CALL_PHONE_NUMBER] = { BB_SERVICE_USER, 1, 1 }
};


static ngx_int_t bb_call_subrequest(bb_call_t *call, ngx_str_t *uri,
    ngx_str_t *args);
static void bb_call_headers(bb_call_t *call, ngx_str_t *body,
    ngx_uint_t with_user);
static ngx_table_elt_t *bb_call_header(bb_call_t *call, const char *name,
    const char *lowcase, ngx_str_t *value);
static void bb_call_body(bb_call_t *call, ngx_str_t *body);
static void bb_call_forget(void *data);
static void bb_call_deadline_handler(ngx_event_t *ev);
static void bb_call_give_up(ngx_http_request_t *sr);
static ngx_int_t bb_call_finished(ngx_http_request_t *sr, void *data,
    ngx_int_t rc);
static bb_call_rc_e bb_call_answer(bb_call_t *call, ngx_http_request_t *sr,
    ngx_int_t rc, json_t **envelope, json_t **data);
static const char *bb_call_text(json_t *json);
static bb_call_rc_e bb_call_no_memory(bb_call_t *call);
static ngx_uint_t bb_call_check(bb_call_op_e op, json_t *data);
static ngx_uint_t bb_call_short(json_t *json);
static void bb_call_reason(bb_call_t *call, const char *fmt, ngx_uint_t n);
static void bb_call_end(bb_call_t *call, bb_call_rc_e rc, json_t *data);
static ngx_int_t bb_call_header_filter(ngx_http_request_t *r);
static ngx_int_t bb_call_body_filter(ngx_http_request_t *r, ngx_chain_t *in);
static ngx_int_t bb_call_room_for(bb_call_t *call, ngx_buf_t *b, size_t len);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
bb_call_start(bb_req_t *req, bb_call_op_e op, ngx_str_t *path,
    ngx_str_t *args, ngx_str_t *body, ngx_uint_t with_user,
    bb_call_handler_pt handler, void *data)
{
    u_char             *p;
    bb_shm_t           *shm;
    bb_call_t          *call;
    ngx_str_t           uri;
    bb_service_conf_t  *service;

    service = &req->lcf->services[bb_call_ops[op].service];

    if (service->uri.len == 0) {
        return NGX_DECLINED;
    }

    uri.len = service->uri.len + path->len;

    call = ngx_pcalloc(req->r->pool, sizeof(bb_call_t) + uri.len);
    if (call == NULL) {
        return NGX_DECLINED;
    }

    uri.data = (u_char *) &call[1];

    p = ngx_cpymem(uri.data, service->uri.data, service->uri.len);
    ngx_memcpy(p, path->data, path->len);

    call->req = req;
    call->id = op;
    call->handler = handler;
    call->data = data;
    call->started = ngx_current_msec;

    shm = req->conf->shm;

    if (bb_call_ops[op].breaker
        && bb_breaker_enter(&shm->state->breakers[op],
                            &req->conf->breakers[op], shm->pool, &call->epoch)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (bb_call_subrequest(call, &uri, args) != NGX_OK) {

        if (bb_call_ops[op].breaker) {
            bb_breaker_abandon(&shm->state->breakers[op], shm->pool,
                               call->epoch);
        }

        return NGX_DECLINED;
    }

    bb_call_headers(call, body, with_user);
    bb_call_body(call, body);

    call->deadline.handler = bb_call_deadline_handler;
    call->deadline.data = call;
    call->deadline.log = req->r->connection->log;

    ngx_add_timer(&call->deadline, req->lcf->call_timeout);

    bb_req_op_add(req, &call->op, call, bb_call_forget);

    return NGX_OK;
}


ngx_uint_t
bb_call_room(ngx_bb_store_main_conf_t *conf, bb_call_op_e op)
{
    return bb_breaker_room(&conf->shm->state->breakers[op],
                           &conf->breakers[op], conf->shm->pool);
}


static ngx_int_t
bb_call_subrequest(bb_call_t *call, ngx_str_t *uri, ngx_str_t *args)
{
    ngx_uint_t           count;
    ngx_http_request_t  *r;

    r = call->req->r;
    count = r->count;

    call->post.handler = bb_call_finished;
    call->post.data = call;

    if (ngx_http_subrequest(r, uri, args, &call->sr, &call->post,
                            NGX_HTTP_SUBREQUEST_IN_MEMORY
                            |NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        /* one that nginx could not post is counted, and would never end */
        r->count = count;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* None of the client's headers goes to another service. */

static void
bb_call_headers(bb_call_t *call, ngx_str_t *body, ngx_uint_t with_user)
{
    ngx_str_t             json, user, server;
    ngx_list_t           *list;
    ngx_http_request_t   *sr;

    sr = call->sr;
    server = sr->headers_in.server;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.server = server;
    sr->headers_in.content_length_n = body ? (off_t) body->len : -1;
    sr->headers_in.keep_alive_n = -1;

    /* a list as ngx_list_init() makes it, but for the memory */

    list = &sr->headers_in.headers;

    list->part.elts = call->headers;
    list->last = &list->part;
    list->size = sizeof(ngx_table_elt_t);
    list->nalloc = BB_CALL_HEADERS;
    list->pool = sr->pool;

    ngx_str_set(&json, "application/json");

    (void) bb_call_header(call, "Accept", "accept", &json);

    if (body) {
        sr->headers_in.content_type =
            bb_call_header(call, "Content-Type", "content-type", &json);
    }

    if (with_user) {
        user.data = call->user;
        user.len = ngx_sprintf(user.data, "%L", call->req->user) - user.data;

        (void) bb_call_header(call, "userId", "userid", &user);
    }
}


/* One of BB_CALL_HEADERS. */

static ngx_table_elt_t *
bb_call_header(bb_call_t *call, const char *name, const char *lowcase,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = &call->headers[call->sr->headers_in.headers.part.nelts++];

    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    h->value = *value;

    return h;
}


/* body NULL: none, nor the client's, which nginx gave to the subrequest. */

static void
bb_call_body(bb_call_t *call, ngx_str_t *body)
{
    ngx_buf_t           *b;
    ngx_http_request_t  *sr;

    static ngx_str_t  post = ngx_string("POST");

    sr = call->sr;
    sr->request_body = NULL;

    if (body == NULL) {
        return;
    }

    b = &call->buf;

    b->pos = body->data;
    b->start = body->data;
    b->last = body->data + body->len;
    b->end = b->last;
    b->memory = 1;
    b->last_buf = 1;

    call->chain.buf = b;
    call->body.bufs = &call->chain;

    sr->request_body = &call->body;
    sr->method = NGX_HTTP_POST;
    sr->method_name = post;
}


/* The request ends: nobody waits, and its pool goes with it. */

static void
bb_call_forget(void *data)
{
    bb_call_t  *call = data;

    call->handler = NULL;
    bb_call_end(call, BB_CALL_FAIL, NULL);
}


static void
bb_call_deadline_handler(ngx_event_t *ev)
{
    bb_call_t  *call = ev->data;

    ngx_connection_t  *c;

    c = call->req->r->connection;

    ngx_log_error(NGX_LOG_WARN, c->log, 0, "bb_store call: %s: no answer in "
                  "%M ms", bb_call_op_name(call->id),
                  call->req->lcf->call_timeout);

    bb_call_reason(call, "no answer in %ui ms", call->req->lcf->call_timeout);

    bb_req_op_done(&call->op);
    bb_call_end(call, BB_CALL_BAD, NULL);

    /* last, as the request may end with it */
    bb_call_give_up(call->sr);

    ngx_http_run_posted_requests(c);
}


/*
 * Closes the connection to the service.  Where a location waits for something
 * else, its own timeouts end the subrequest.
 */

static void
bb_call_give_up(ngx_http_request_t *sr)
{
    ngx_http_cleanup_pt  handler;

    if (sr->upstream && sr->upstream->cleanup) {
        handler = *sr->upstream->cleanup;
        handler(sr);
    }
}


/* Whatever comes, the main request goes on: always NGX_OK. */

static ngx_int_t
bb_call_finished(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    bb_call_t  *call = data;

    json_t        *envelope, *answer;
    bb_call_rc_e   result;

    if (call->done) {
        return NGX_OK;
    }

    bb_req_op_done(&call->op);

    result = bb_call_answer(call, sr, rc, &envelope, &answer);

    bb_call_end(call, result, answer);

    json_decref(envelope);

    return NGX_OK;
}


static bb_call_rc_e
bb_call_answer(bb_call_t *call, ngx_http_request_t *sr, ngx_int_t rc,
    json_t **envelope, json_t **data)
{
    json_t      *result;
    ngx_buf_t   *b;
    ngx_uint_t   status;

    *envelope = NULL;
    *data = NULL;

    if (call->no_memory) {
        return bb_call_no_memory(call);
    }

    if (call->too_large) {
        bb_call_reason(call, "an answer that is too large", 0);
        return BB_CALL_BAD;
    }

    status = (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? (ngx_uint_t) rc
                                               : sr->headers_out.status;

    if (rc == NGX_ERROR || status < 200 || status > 299 || sr->out == NULL) {
        ngx_log_error(NGX_LOG_WARN, sr->connection->log, 0,
                      "bb_store call: %s failed with status %ui",
                      bb_call_op_name(call->id), status);
        bb_call_reason(call, "status %ui", status);
        return BB_CALL_BAD;
    }

    b = sr->out->buf;

    if (bb_jansson_load(b->pos, b->last - b->pos, 0, envelope) == NGX_ERROR) {
        return bb_call_no_memory(call);
    }

    *data = json_object_get(*envelope, "data");

    result = json_object_get(*envelope, "result");

    if (ngx_strcmp(bb_call_text(result), "FAIL") == 0) {
        ngx_log_error(NGX_LOG_WARN, sr->connection->log, 0,
                      "bb_store call: %s answered FAIL",
                      bb_call_op_name(call->id));
        bb_call_reason(call, "answered FAIL", 0);
        *data = NULL;
        return BB_CALL_FAIL;
    }

    if (*data == NULL
        || (!json_is_null(*data) && !bb_call_check(call->id, *data))
        || (result && ngx_strcmp(bb_call_text(result), "SUCCESS") != 0))
    {
        ngx_log_error(NGX_LOG_WARN, sr->connection->log, 0,
                      "bb_store call: %s answered something else than its "
                      "envelope", bb_call_op_name(call->id));
        bb_call_reason(call, "not its envelope", 0);
        *data = NULL;
        return BB_CALL_BAD;
    }

    if (json_is_null(*data) && !bb_call_ops[call->id].null_ok) {
        bb_call_reason(call, "no data", 0);
        *data = NULL;
        return BB_CALL_FAIL;
    }

    return BB_CALL_GOOD;
}


/* Empty if it is no text. */

static const char *
bb_call_text(json_t *json)
{
    return json_is_string(json) ? json_string_value(json) : "";
}


static bb_call_rc_e
bb_call_no_memory(bb_call_t *call)
{
    ngx_log_error(NGX_LOG_ERR, call->sr->connection->log, 0,
                  "bb_store call: no memory for the answer of %s",
                  bb_call_op_name(call->id));

    ngx_str_set(&call->req->call_failure, "no memory for the answer");

    return BB_CALL_NO_MEMORY;
}


/* Whether data is of the operation's kind. */

static ngx_uint_t
bb_call_check(bb_call_op_e op, json_t *data)
{
    size_t       i;
    json_t      *element, *id, *name;
    const char  *key;

    switch (op) {

    case BB_CALL_FLOWERS:
        if (!json_is_array(data)) {
            return 0;
        }

        json_array_foreach(data, i, element) {
            name = json_object_get(element, "flowerName");

            /* a flower without a name is one, too */

            if (!json_is_integer(json_object_get(element, "flowerId"))
                || (name && !json_is_null(name) && !bb_call_short(name)))
            {
                return 0;
            }
        }

        return 1;

    case BB_CALL_SUBSCRIPTION_PRODUCT:
        id = json_object_get(data, "subscriptionProductId");
        return json_is_object(data)
               && (id == NULL || json_is_null(id) || json_is_string(id));

    case BB_CALL_LIKES:
    case BB_CALL_SUBSCRIPTIONS:
        if (!json_is_object(data)) {
            return 0;
        }

        json_object_foreach(data, key, element) {
            if (!json_is_boolean(element) && !json_is_null(element)) {
                return 0;
            }
        }

        return 1;

    default: /* BB_CALL_PHONE_NUMBER */
        return bb_call_short(data);
    }
}


/* A text that the database takes. */

static ngx_uint_t
bb_call_short(json_t *json)
{
    return json_is_string(json)
           && ngx_utf8_length((u_char *) json_string_value(json),
                              json_string_length(json))
              <= BB_CALL_MAX_TEXT;
}


/* Why it failed; for the handler. */

static void
bb_call_reason(bb_call_t *call, const char *fmt, ngx_uint_t n)
{
    u_char     *p;
    ngx_str_t  *reason;

    reason = &call->req->call_failure;

    ngx_str_null(reason);

    p = ngx_pnalloc(call->req->r->pool, BB_CALL_MAX_REASON);

    if (p) {
        reason->data = p;
        reason->len = ngx_snprintf(p, BB_CALL_MAX_REASON, fmt, n) - p;
    }
}


/* Once for each call: counts, stops the deadline, tells who waits. */

static void
bb_call_end(bb_call_t *call, bb_call_rc_e rc, json_t *data)
{
    bb_shm_t            *shm;
    bb_call_handler_pt   handler;

    call->done = 1;

    if (call->deadline.timer_set) {
        ngx_del_timer(&call->deadline);
    }

    handler = call->handler;

    if (bb_call_ops[call->id].breaker) {
        shm = call->req->conf->shm;

        if (handler && rc != BB_CALL_NO_MEMORY) {
            bb_breaker_leave(&shm->state->breakers[call->id],
                             &call->req->conf->breakers[call->id], shm->pool,
                             call->epoch, rc == BB_CALL_BAD,
                             ngx_current_msec - call->started);

        } else {
            /* nor does a client that leaves say anything about the service */
            bb_breaker_abandon(&shm->state->breakers[call->id], shm->pool,
                               call->epoch);
        }
    }

    if (handler) {
        handler(call->req, call->data, data);
    }
}


ngx_int_t
bb_call_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = bb_call_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = bb_call_body_filter;

    return NGX_OK;
}


/*
 * Gives the answer of a call a buffer of its own size, whatever the location's
 * subrequest_output_buffer_size.  nginx would hold back the body of a
 * background subrequest, in a file if it is longer than proxy_buffers, so its
 * buffering is switched off, unless the location keeps a copy.
 */

static ngx_int_t
bb_call_header_filter(ngx_http_request_t *r)
{
    off_t         size;
    ngx_buf_t    *b;
    bb_call_t    *call;
    ngx_chain_t  *out;

    if (r->post_subrequest == NULL
        || r->post_subrequest->handler != bb_call_finished || r->out)
    {
        return ngx_http_next_header_filter(r);
    }

    call = r->post_subrequest->data;
    size = r->headers_out.content_length_n;

    if (size > BB_CALL_MAX_ANSWER) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "bb_store call: an answer of %O bytes is too large",
                      size);
        call->too_large = 1;
        return NGX_ERROR;
    }

    b = ngx_create_temp_buf(r->pool, size < 0 ? BB_CALL_UNSIZED
                                              : (size_t) size);
    out = ngx_alloc_chain_link(r->pool);

    if (b == NULL || out == NULL) {
        call->no_memory = 1;
        return NGX_ERROR;
    }

    b->last_buf = 1;

    out->buf = b;
    out->next = NULL;
    r->out = out;

    if (r->upstream && !r->upstream->cacheable && !r->upstream->store) {
        r->upstream->buffering = 0;
    }

    return ngx_http_next_header_filter(r);
}


/*
 * Takes the answer's body.  When there is no room, nginx is told that the
 * service has failed: an error here would end the client's connection as well.
 */

static ngx_int_t
bb_call_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t      len;
    ngx_buf_t  *b;
    bb_call_t  *call;

    if (r->post_subrequest == NULL
        || r->post_subrequest->handler != bb_call_finished || r->out == NULL)
    {
        return ngx_http_next_body_filter(r, in);
    }

    call = r->post_subrequest->data;
    b = r->out->buf;

    for ( /* void */ ; in; in = in->next) {

        if (ngx_buf_special(in->buf)) {
            continue;
        }

        len = in->buf->last - in->buf->pos;

        if (!call->too_large && !call->no_memory
            && bb_call_room_for(call, b, len) == NGX_OK)
        {
            b->last = ngx_cpymem(b->last, in->buf->pos, len);

        } else if (r->upstream) {
            r->upstream->error = 1;
        }

        in->buf->pos = in->buf->last;
    }

    return NGX_OK;
}


/* Makes the buffer larger, if it must be and may be. */

static ngx_int_t
bb_call_room_for(bb_call_t *call, ngx_buf_t *b, size_t len)
{
    size_t   size, used;
    u_char  *p;

    if (len <= (size_t) (b->end - b->last)) {
        return NGX_OK;
    }

    used = b->last - b->pos;

    if (len > BB_CALL_MAX_ANSWER - used) {
        ngx_log_error(NGX_LOG_ERR, call->sr->connection->log, 0,
                      "bb_store call: an answer of more than %d bytes is too "
                      "large", BB_CALL_MAX_ANSWER);
        call->too_large = 1;
        return NGX_DECLINED;
    }

    size = ngx_max(2 * (size_t) (b->end - b->start), used + len);
    size = ngx_min(size, BB_CALL_MAX_ANSWER);

    p = ngx_palloc(call->sr->pool, size);
    if (p == NULL) {
        call->no_memory = 1;
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(p, b->pos, used);

    (void) ngx_pfree(call->sr->pool, b->start);

    b->start = p;
    b->pos = p;
    b->end = p + size;

    return NGX_OK;
}

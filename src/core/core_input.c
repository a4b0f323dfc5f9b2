/*
 * Checks of a request's inputs: the identity, path and query parameters,
 * headers, the body as far as it is not JSON.  Every invalid one is answered
 * here.
 */

#include "core/core_input.h"
#include "core/core_jansson.h"
#include "core/core_number.h"
#include "core/core_reply.h"
#include "core/core_value.h"


#define BB_MAX_HEADER      255     /* bytes of an input from a header */
#define BB_MAX_IDS         20000   /* in a query */
#define BB_DEFAULT_SIZE    20
#define BB_MAX_SIZE        2000


static ngx_int_t bb_input_identity(bb_req_t *req, ngx_str_t *value,
    ngx_uint_t *n);
static ngx_int_t bb_input_scalar(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, const ngx_str_t *text);
static ngx_int_t bb_input_switch(const ngx_str_t *text);
static void bb_input_sign(u_char *p);
static ngx_int_t bb_input_text(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value, const ngx_str_t *text);
static ngx_int_t bb_input_header(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value);
static void bb_input_header_value(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_str_t *value, ngx_uint_t *n);
static ngx_int_t bb_input_ids(bb_req_t *req, const bb_field_t *field,
    bb_value_t *value);
static ngx_int_t bb_input_argument(bb_req_t *req, u_char *p,
    const ngx_str_t *name, ngx_str_t *value, u_char **next);
static ngx_int_t bb_input_decode(bb_req_t *req, u_char *p, u_char *last,
    ngx_str_t *text);
static void bb_input_page(const bb_field_t *field, bb_value_t *value,
    const ngx_str_t *text);
static ngx_int_t bb_input_buffer(bb_req_t *req, ngx_str_t *body);


ngx_int_t
bb_input_invalid(bb_req_t *req, const char *reason, const ngx_str_t *name)
{
    bb_reply_invalid(req, NGX_HTTP_BAD_REQUEST, reason, name);
    return NGX_DONE;
}


ngx_int_t
bb_input_error(bb_req_t *req)
{
    bb_reply_error(req);
    return NGX_DONE;
}


ngx_int_t
bb_input_user(bb_req_t *req)
{
    bb_user_e   user;
    ngx_str_t   value;
    ngx_uint_t  n;

    user = req->route->endpoint->user;

    if (user == BB_USER_OWNER && !bb_req_owner_check(req)) {
        user = BB_USER_NONE;
    }

    if (user == BB_USER_NONE) {
        return NGX_OK;
    }

    if (bb_input_identity(req, &value, &n) != NGX_OK) {
        return bb_input_error(req);
    }

    if (n > 1) {
        return bb_input_invalid(req, "more than one userId header", NULL);
    }

    if (value.len == 0) {

        if (user == BB_USER_OPTIONAL) {
            return NGX_OK;
        }

        return bb_input_invalid(req, "userId header is required", NULL);
    }

    if (bb_value_int64(value.data, value.len, &req->user) != NGX_OK) {
        return bb_input_invalid(req, "userId header is not a 64-bit integer",
                                NULL);
    }

    req->has_user = 1;

    return NGX_OK;
}


/* The caller's identity as text, and how many headers claim to have it. */

static ngx_int_t
bb_input_identity(bb_req_t *req, ngx_str_t *value, ngx_uint_t *n)
{
    if (req->lcf->user) {
        *n = 1;
        return ngx_http_complex_value(req->r, req->lcf->user, value);
    }

    bb_input_header_value(req->r, &req->lcf->user_header, value, n);

    return NGX_OK;
}


ngx_int_t
bb_input_path(bb_req_t *req, const ngx_str_t *segments)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    bb_value_t        *value;
    const bb_field_t  *input;

    for (i = 0; i < req->route->npath; i++) {
        input = &req->route->inputs[i];
        value = &req->values[i];

        if (input->type == BB_TEXT) {
            rc = bb_input_text(req, input, value, &segments[i]);

            if (rc != NGX_OK) {
                return rc;
            }

        } else if (bb_value_int64(segments[i].data, segments[i].len, &value->i)
                   != NGX_OK)
        {
            return bb_input_invalid(req, "%V is not a 64-bit integer",
                                    &input->name);
        }
    }

    return NGX_OK;
}


ngx_int_t
bb_input_query(bb_req_t *req)
{
    ngx_int_t          rc;
    ngx_str_t          text;
    ngx_uint_t         i;
    bb_value_t        *value;
    const bb_field_t  *input;

    if (!req->route->has_query) {
        return NGX_OK;
    }

    for (i = req->route->npath; i < req->route->n; i++) {
        input = &req->route->inputs[i];
        value = &req->values[i];

        if (input->in == BB_IN_HEADER) {
            rc = bb_input_header(req, input, value);

        } else if (input->in == BB_IN_BODY) {
            continue;

        } else if (input->type == BB_IDS) {
            rc = bb_input_ids(req, input, value);

        } else {
            rc = bb_input_argument(req, req->r->args.data, &input->name, &text,
                                   NULL);
            if (rc == NGX_ERROR) {
                return bb_input_error(req);
            }

            rc = bb_input_scalar(req, input, value, &text);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* text->data NULL: the parameter is absent. */

static ngx_int_t
bb_input_scalar(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    const ngx_str_t *text)
{
    double     real;
    ngx_int_t  on;

    if (field->type != BB_TEXT && text->len) {
        bb_input_sign(text->data);
    }

    if (field->type == BB_PAGE || field->type == BB_SIZE) {
        bb_input_page(field, value, text);
        return NGX_OK;
    }

    if (text->data == NULL && (field->flags & BB_REQUIRED)) {
        return bb_input_invalid(req, "parameter %V is required", &field->name);
    }

    if (text->len == 0
        && !(field->type == BB_TEXT && (field->flags & BB_REQUIRED)))
    {
        if (field->flags & BB_REQUIRED) {
            return bb_input_invalid(req, "parameter %V is empty",
                                    &field->name);
        }

        value->null = 1;
        return NGX_OK;
    }

    switch (field->type) {

    case BB_TEXT:
        return bb_input_text(req, field, value, text);

    case BB_INT64:
        if (bb_value_int64(text->data, text->len, &value->i) != NGX_OK) {
            return bb_input_invalid(req, "%V is not a 64-bit integer",
                                    &field->name);
        }

        if (!bb_value_in_range(field, value->i)) {
            return bb_input_invalid(req, "%V is out of range", &field->name);
        }

        return NGX_OK;

    case BB_BOOL:
        on = bb_input_switch(text);

        if (on == NGX_DECLINED) {
            return bb_input_invalid(req, "%V is not a boolean", &field->name);
        }

        bb_value_set_bool(value, on);
        return NGX_OK;

    case BB_ENUM:
        if (bb_value_set_enum(field, value, text->data, text->len) != NGX_OK) {
            return bb_input_invalid(req, "%V has an unknown value",
                                    &field->name);
        }

        return NGX_OK;

    default: /* BB_DOUBLE, BB_LAT, BB_LON */

        if (bb_value_real(text->data, text->len, &real) != NGX_OK) {
            return bb_input_invalid(req, "%V is not a decimal number",
                                    &field->name);
        }

        return bb_input_real(req, field, value, real);
    }
}


ngx_int_t
bb_input_real(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    double real)
{
    switch (bb_value_set_real(req, field->type, value, real)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        return bb_input_invalid(req, "%V is out of range", &field->name);

    default:
        return bb_input_error(req);
    }
}


/* 1, 0, or NGX_DECLINED. */

static ngx_int_t
bb_input_switch(const ngx_str_t *text)
{
    ngx_uint_t  i;

    static const char  *words[] = {
        "false", "true", "off", "on", "no", "yes", "0", "1", NULL
    };

    for (i = 0; words[i]; i++) {
        if (text->len == ngx_strlen(words[i])
            && ngx_strncasecmp(text->data, (u_char *) words[i], text->len)
               == 0)
        {
            return i & 1;
        }
    }

    return NGX_DECLINED;
}


/* A plus sign in a query is a space by the time it is decoded. */

static void
bb_input_sign(u_char *p)
{
    if (*p == ' ') {
        *p = '+';
    }
}


/* A text that PostgreSQL takes: UTF-8 without a zero. */

static ngx_int_t
bb_input_text(bb_req_t *req, const bb_field_t *field, bb_value_t *value,
    const ngx_str_t *text)
{
    json_t  *checked;

    checked = json_stringn((char *) text->data, text->len);

    if (checked == NULL || ngx_strlchr(text->data, text->data + text->len, 0))
    {
        json_decref(checked);
        return bb_input_invalid(req, "%V is not UTF-8 text", &field->name);
    }

    json_decref(checked);

    if (bb_value_set_text(req, value, text->data, text->len) != NGX_OK) {
        return bb_input_error(req);
    }

    return NGX_OK;
}


static ngx_int_t
bb_input_header(bb_req_t *req, const bb_field_t *field, bb_value_t *value)
{
    ngx_str_t   text;
    ngx_uint_t  n;

    bb_input_header_value(req->r, &field->name, &text, &n);

    if (n > 1) {
        return bb_input_invalid(req, "more than one %V header", &field->name);
    }

    if (text.len == 0) {
        value->null = 1;
        return NGX_OK;
    }

    if (text.len > BB_MAX_HEADER) {
        return bb_input_invalid(req, "%V is too long", &field->name);
    }

    return bb_input_text(req, field, value, &text);
}


/* The last value of a header, and how many of that name there are. */

static void
bb_input_header_value(ngx_http_request_t *r, const ngx_str_t *name,
    ngx_str_t *value, ngx_uint_t *n)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    *n = 0;
    ngx_str_null(value);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == name->len
                && ngx_strncasecmp(header[i].key.data, name->data, name->len)
                   == 0)
            {
                *value = header[i].value;
                (*n)++;
            }
        }
    }
}


/* a=1&a=2, a=1,2, or both; empty items do not count. */

static ngx_int_t
bb_input_ids(bb_req_t *req, const bb_field_t *field, bb_value_t *value)
{
    u_char       *pos, *p, *end, *last;
    int64_t       id, *push;
    ngx_int_t     rc;
    ngx_str_t     text;
    ngx_uint_t    found;
    ngx_array_t   ids;

    if (ngx_array_init(&ids, req->r->pool, 16, sizeof(int64_t)) != NGX_OK) {
        return bb_input_error(req);
    }

    found = 0;
    pos = req->r->args.data;

    for ( ;; ) {
        rc = bb_input_argument(req, pos, &field->name, &text, &pos);

        if (rc == NGX_ERROR) {
            return bb_input_error(req);
        }

        if (text.data == NULL) {
            break;
        }

        found = 1;
        last = text.data + text.len;

        for (p = text.data; p < last; p = end + 1) {
            end = ngx_strlchr(p, last, ',');
            if (end == NULL) {
                end = last;
            }

            if (end == p) {
                continue;
            }

            bb_input_sign(p);

            if (bb_value_int64(p, end - p, &id) != NGX_OK) {
                return bb_input_invalid(req, "%V is not a list of integers",
                                        &field->name);
            }

            if (ids.nelts == BB_MAX_IDS) {
                return bb_input_invalid(req, "%V is too long", &field->name);
            }

            push = ngx_array_push(&ids);
            if (push == NULL) {
                return bb_input_error(req);
            }

            *push = id;
        }
    }

    if (!found) {
        if (field->flags & BB_REQUIRED) {
            return bb_input_invalid(req, "parameter %V is required",
                                    &field->name);
        }

        value->null = 1;
        return NGX_OK;
    }

    if (bb_value_set_ids(req, value, ids.elts, ids.nelts) != NGX_OK) {
        return bb_input_error(req);
    }

    return NGX_OK;
}


/*
 * The next query parameter of that name from p on, decoded; value->data is NULL
 * if there is none.  next, if not NULL: where to look for another one.
 */

static ngx_int_t
bb_input_argument(bb_req_t *req, u_char *p, const ngx_str_t *name,
    ngx_str_t *value, u_char **next)
{
    u_char     *last, *end, *equals;
    ngx_str_t   key;

    ngx_str_null(value);

    last = req->r->args.data + req->r->args.len;

    for ( /* void */ ; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        equals = ngx_strlchr(p, end, '=');
        if (equals == NULL) {
            equals = end;
        }

        if (bb_input_decode(req, p, equals, &key) != NGX_OK) {
            return NGX_ERROR;
        }

        if (key.len == name->len
            && ngx_memcmp(key.data, name->data, name->len) == 0)
        {
            if (next) {
                *next = end + 1;
            }

            return bb_input_decode(req, equals + (equals < end), end, value);
        }
    }

    return NGX_OK;
}


static ngx_int_t
bb_input_decode(bb_req_t *req, u_char *p, u_char *last, ngx_str_t *text)
{
    u_char  *src, *dst;

    for (src = p; src < last; src++) {
        if (*src == '%' || *src == '+') {
            break;
        }
    }

    if (src == last) {
        text->data = p;
        text->len = last - p;
        return NGX_OK;
    }

    text->data = ngx_pnalloc(req->r->pool, last - p);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    dst = text->data;

    while (p < last) {
        if (*p == '+') {
            *dst++ = ' ';
            p++;
            continue;
        }

        src = p++;
        ngx_unescape_uri(&dst, &src, (*src == '%' && last - src > 2) ? 3 : 1,
                         NGX_UNESCAPE_URI);
        p = src;
    }

    text->len = dst - text->data;

    return NGX_OK;
}


static void
bb_input_page(const bb_field_t *field, bb_value_t *value,
    const ngx_str_t *text)
{
    size_t   i, digits;
    u_char  *p;

    if (bb_value_int64(text->data, text->len, &value->i) != NGX_OK) {

        /* digits that do not fit a number are a very large number */

        p = text->data;
        digits = 0;

        for (i = (text->len && *p == '+'); i < text->len; i++) {
            if (p[i] < '0' || p[i] > '9') {
                digits = 0;
                break;
            }

            digits++;
        }

        value->i = digits ? INT64_MAX : -1;
    }

    if (field->type == BB_PAGE) {
        value->i = ngx_max(value->i, 0);

    } else if (value->i <= 0) {
        value->i = BB_DEFAULT_SIZE;

    } else {
        value->i = ngx_min(value->i, BB_MAX_SIZE);
    }
}


ngx_int_t
bb_input_body_headers(bb_req_t *req)
{
    u_char              *p;
    ngx_str_t            type;
    ngx_http_request_t  *r;

    static const ngx_str_t  json = ngx_string("application/json");

    r = req->r;

    if (r->headers_in.content_length_n > (off_t) req->lcf->max_body) {
        bb_reply_invalid(req, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                         "the body is too large", NULL);
        return NGX_DONE;
    }

    if (r->headers_in.content_type == NULL
        || (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked))
    {
        return NGX_OK;
    }

    type = r->headers_in.content_type->value;

    p = ngx_strlchr(type.data, type.data + type.len, ';');
    if (p) {
        type.len = p - type.data;
    }

    while (type.len && type.data[type.len - 1] == ' ') {
        type.len--;
    }

    if (type.len == 0
        || (type.len == json.len
            && ngx_strncasecmp(type.data, json.data, json.len) == 0)
        || (type.len > sizeof("application/+json") - 1
            && ngx_strncasecmp(type.data, (u_char *) "application/", 12) == 0
            && ngx_strncasecmp(type.data + type.len - 5, (u_char *) "+json", 5)
               == 0))
    {
        return NGX_OK;
    }

    bb_reply_invalid(req, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                     "the body must be application/json", NULL);

    return NGX_DONE;
}


ngx_int_t
bb_input_body(bb_req_t *req)
{
    ngx_int_t  rc;
    ngx_str_t  body, json;

    rc = bb_input_buffer(req, &body);

    if (rc == NGX_DECLINED) {
        bb_reply_invalid(req, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                         "the body is too large", NULL);
        return NGX_DONE;
    }

    if (rc != NGX_OK) {
        return bb_input_error(req);
    }

    if (body.len == 0) {
        return bb_input_invalid(req, "the body is missing", NULL);
    }

    if (req->route->endpoint->body == BB_BODY_TEXT
        && bb_json_bare_number(&body))
    {
        /* whatever its size, it is a text */
        return bb_json_body(req, NULL, &body);
    }

    if (req->route->plain && bb_plain_body(req, &body) == NGX_OK) {
        return NGX_OK;
    }

    json = body;

    if (bb_number_set_aside(req, &json) != NGX_OK) {
        return bb_input_error(req);
    }

    /* also refuses \u0000, lone surrogates, bytes that are not UTF-8 */

    rc = bb_jansson_load(json.data, json.len, JSON_DECODE_ANY, &req->body);

    if (rc == NGX_DECLINED) {
        return bb_input_invalid(req, "the body is not valid JSON", NULL);
    }

    if (rc != NGX_OK) {
        return bb_input_error(req);
    }

    return bb_json_body(req, req->body, &body);
}


/* NGX_DECLINED: longer than bb_store_max_body. */

static ngx_int_t
bb_input_buffer(bb_req_t *req, ngx_str_t *body)
{
    off_t         size;
    u_char       *p;
    ngx_chain_t  *cl, *bufs;

    ngx_str_null(body);

    if (req->r->request_body == NULL || req->r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    bufs = req->r->request_body->bufs;
    size = 0;

    for (cl = bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    /* client_body_buffer_size is at least the limit: a file means beyond it */

    if (size > (off_t) req->lcf->max_body || req->r->request_body->temp_file) {
        return NGX_DECLINED;
    }

    body->len = size;
    body->data = bufs->buf->pos;

    if (bufs->next == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(req->r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;

    for (cl = bufs; cl; cl = cl->next) {
        if (cl->buf->last > cl->buf->pos) {
            p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
        }
    }

    return NGX_OK;
}

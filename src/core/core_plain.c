/*
 * A short way for the bodies that nearly all clients send: one flat object of
 * texts without escapes.  It makes no tree and copies nothing; the values point
 * into the body.
 *
 * It takes a part of what jansson takes, and understands it in the same way.
 * Whatever else comes, valid or not, is left to jansson (core_json.c), which
 * also finds the reason for a refusal.
 */

#include "core/core_input.h"
#include "core/core_value.h"


static u_char *bb_plain_member(bb_req_t *req, u_char *p, u_char *last);
static u_char *bb_plain_string(u_char *p, u_char *last, ngx_str_t *text,
    ngx_uint_t *length);
static ngx_uint_t bb_plain_sequence(u_char *p, u_char *last);
static u_char *bb_plain_space(u_char *p, u_char *last);


ngx_int_t
bb_plain_body(bb_req_t *req, const ngx_str_t *body)
{
    u_char            *p, *last;
    ngx_uint_t         i;
    bb_value_t        *value;
    const bb_route_t  *route;

    route = req->route;

    for (i = route->npath; i < route->n; i++) {
        if (route->inputs[i].in == BB_IN_BODY) {
            ngx_str_null(&req->values[i].s);
        }
    }

    last = body->data + body->len;
    p = bb_plain_space(body->data, last);

    if (p == last || *p++ != '{') {
        return NGX_DECLINED;
    }

    for ( ;; ) {
        p = bb_plain_member(req, p, last);

        if (p == NULL || p == last) {
            return NGX_DECLINED;
        }

        if (*p++ == '}') {
            break;
        }

        if (p[-1] != ',') {
            return NGX_DECLINED;
        }
    }

    if (bb_plain_space(p, last) != last) {
        return NGX_DECLINED;
    }

    for (i = route->npath; i < route->n; i++) {
        value = &req->values[i];

        if (route->inputs[i].in != BB_IN_BODY) {
            continue;
        }

        if (value->s.data == NULL) {
            return NGX_DECLINED;
        }
    }

    /* nothing is left to refuse: a zero takes the place of each closing quote */

    for (i = route->npath; i < route->n; i++) {
        value = &req->values[i];

        if (route->inputs[i].in == BB_IN_BODY) {
            value->s.data[value->s.len] = '\0';
            value->null = 0;
        }
    }

    return NGX_OK;
}


/* "name" : "text"; returns what follows, after white space, or NULL. */

static u_char *
bb_plain_member(bb_req_t *req, u_char *p, u_char *last)
{
    ngx_str_t          name, text;
    ngx_uint_t         i, length, limit;
    const bb_field_t  *field;

    p = bb_plain_string(bb_plain_space(p, last), last, &name, &length);
    if (p == NULL) {
        return NULL;
    }

    p = bb_plain_space(p, last);

    if (p == last || *p++ != ':') {
        return NULL;
    }

    p = bb_plain_string(bb_plain_space(p, last), last, &text, &length);
    if (p == NULL) {
        return NULL;
    }

    for (i = req->route->npath; i < req->route->n; i++) {
        field = &req->route->inputs[i];

        if (field->in != BB_IN_BODY || field->name.len != name.len
            || ngx_memcmp(field->name.data, name.data, name.len) != 0)
        {
            continue;
        }

        limit = bb_value_max_text(field->type);

        if (length > limit) {
            return NULL;
        }

        req->values[i].s = text;

        return bb_plain_space(p, last);
    }

    /* a member that is not asked for */
    return bb_plain_space(p, last);
}


/*
 * A string without escapes and control characters, in valid UTF-8; length: in
 * characters.  Returns what follows it, or NULL.
 */

static u_char *
bb_plain_string(u_char *p, u_char *last, ngx_str_t *text, ngx_uint_t *length)
{
    ngx_uint_t  n;

    if (p == last || *p++ != '"') {
        return NULL;
    }

    text->data = p;
    *length = 0;

    while (p < last) {

        if (*p == '"') {
            text->len = p - text->data;
            return p + 1;
        }

        if (*p < 0x20 || *p == '\\') {
            return NULL;
        }

        n = (*p < 0x80) ? 1 : bb_plain_sequence(p, last);

        if (n == 0) {
            return NULL;
        }

        p += n;
        (*length)++;
    }

    return NULL;
}


/* Bytes of the UTF-8 sequence of two or more at p; 0: not well-formed. */

static ngx_uint_t
bb_plain_sequence(u_char *p, u_char *last)
{
    u_char      low, high;
    ngx_uint_t  i, n;

    /* the Unicode standard's table of well-formed sequences (3-7) */

    low = 0x80;
    high = 0xbf;

    if (*p >= 0xc2 && *p <= 0xdf) {
        n = 2;

    } else if (*p >= 0xe0 && *p <= 0xef) {
        n = 3;

        if (*p == 0xe0) {
            low = 0xa0;

        } else if (*p == 0xed) {
            high = 0x9f;
        }

    } else if (*p >= 0xf0 && *p <= 0xf4) {
        n = 4;

        if (*p == 0xf0) {
            low = 0x90;

        } else if (*p == 0xf4) {
            high = 0x8f;
        }

    } else {
        return 0;
    }

    if ((size_t) (last - p) < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }

    return n;
}


static u_char *
bb_plain_space(u_char *p, u_char *last)
{
    while (p < last
           && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    {
        p++;
    }

    return p;
}

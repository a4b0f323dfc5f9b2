/*
 * Values of inputs, wherever they come from: numbers in texts, and what a value
 * becomes as a parameter of a statement.
 */

#include "core/core_value.h"

#include <math.h>


#define BB_MAX_TEXT       255     /* characters in a text column */
#define BB_MAX_LONG_TEXT  2000


ngx_int_t
bb_value_int64(const u_char *p, size_t len, int64_t *n)
{
    uint64_t    value, limit;
    ngx_uint_t  negative;

    negative = 0;

    if (len && (*p == '-' || *p == '+')) {
        negative = (*p == '-');
        p++;
        len--;
    }

    if (len == 0) {
        return NGX_DECLINED;
    }

    limit = (uint64_t) INT64_MAX + negative;
    value = 0;

    for ( /* void */ ; len; len--, p++) {

        if (*p < '0' || *p > '9') {
            return NGX_DECLINED;
        }

        if (value > (limit - (*p - '0')) / 10) {
            return NGX_DECLINED;
        }

        value = value * 10 + (*p - '0');
    }

    *n = (int64_t) (negative ? 0 - value : value);

    return NGX_OK;
}


ngx_int_t
bb_value_real(const u_char *p, size_t len, double *n)
{
    char    text[512];
    char   *end;
    size_t  i;

    /* strtod() also knows hexadecimal, infinity and not-a-number */

    for (i = 0; i < len; i++) {
        if ((p[i] < '0' || p[i] > '9')
            && (p[i] == '\0' || ngx_strchr("+-.eE", p[i]) == NULL))
        {
            return NGX_DECLINED;
        }
    }

    if (len == 0 || len >= sizeof(text)) {
        return NGX_DECLINED;
    }

    ngx_memcpy(text, p, len);
    text[len] = '\0';

    *n = strtod(text, &end);

    return (*end == '\0' && isfinite(*n)) ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
bb_value_in_range(const bb_field_t *field, int64_t n)
{
    const bb_range_t  *range;

    range = field->more;

    return range == NULL || (n >= range->min && n <= range->max);
}


size_t
bb_value_max_text(bb_type_e type)
{
    return (type == BB_TEXT_2000) ? BB_MAX_LONG_TEXT : BB_MAX_TEXT;
}


void
bb_value_set_bool(bb_value_t *value, ngx_uint_t on)
{
    value->i = on;
    value->s.len = 1;
    value->s.data = (u_char *) (on ? "t" : "f");
}


ngx_int_t
bb_value_set_real(bb_req_t *req, bb_type_e type, bb_value_t *value, double n)
{
    double  limit;

    limit = (type == BB_LAT) ? 90 : (type == BB_LON) ? 180 : HUGE_VAL;

    if (n < -limit || n > limit) {
        return NGX_DECLINED;
    }

    value->s.data = ngx_pnalloc(req->r->pool,
                                sizeof("-1.7976931348623157e+308"));
    if (value->s.data == NULL) {
        return NGX_ERROR;
    }

    /* 17 digits read back to the same double */
    value->s.len = sprintf((char *) value->s.data, "%.17g", n);

    return NGX_OK;
}


ngx_int_t
bb_value_set_text(bb_req_t *req, bb_value_t *value, const u_char *data,
    size_t len)
{
    value->s.len = len;
    value->s.data = ngx_pnalloc(req->r->pool, len + 1);

    if (value->s.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(value->s.data, data, len);
    value->s.data[len] = '\0';

    return NGX_OK;
}


ngx_int_t
bb_value_set_enum(const bb_field_t *field, bb_value_t *value,
    const u_char *data, size_t len)
{
    const char *const  *name;

    for (name = field->more; *name; name++) {
        if (ngx_strlen(*name) == len && ngx_memcmp(*name, data, len) == 0) {
            value->s.data = (u_char *) *name;
            value->s.len = len;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
/* PostgreSQL's text form of an array: {1,2} */

ngx_int_t
bb_value_set_ids(bb_req_t *req, bb_value_t *value, const int64_t *ids,
    ngx_uint_t n)
{
    u_char      *p;
    ngx_uint_t   i;

    p = ngx_pnalloc(req->r->pool, n * (NGX_INT64_LEN + 1) + sizeof("{}"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->s.data = p;
    *p++ = '{';

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, i ? ",%L" : "%L", ids[i]);
    }

    *p++ = '}';
    *p = '\0';
    value->s.len = p - value->s.data;

    return NGX_OK;
}

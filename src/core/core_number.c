/*
 * Numbers of a JSON text that jansson cannot hold, or that would not come back
 * as they were written: long ones, fractions, exponents.  Before it reads the
 * text each of them is set aside, and an integer put in its place from which it
 * is found again.  All other integers of the text are far from these.
 */

#include "core/core_number.h"
#include "core/core_value.h"


#define BB_NUMBER_FIRST   INT64_C(0x4000000000000000)   /* of 19 digits */
#define BB_NUMBER_DIGITS  18                            /* that may stay */


static ngx_int_t bb_number_scan(bb_req_t *req, const ngx_str_t *json,
    ngx_str_t *copy);
static u_char *bb_number_string(u_char *p, u_char *last);
static ngx_uint_t bb_number_is_plain(const u_char *p, size_t len);
static u_char *bb_number_digits(u_char *p, u_char *last);


ngx_int_t
bb_number_set_aside(bb_req_t *req, ngx_str_t *json)
{
    ngx_str_t  copy;

    copy.data = NULL;
    copy.len = 0;

    /* nearly all bodies have no such number */

    if (bb_number_scan(req, json, &copy) == 0) {
        return NGX_OK;
    }

    req->numbers = ngx_array_create(req->r->pool, 8, sizeof(ngx_str_t));
    copy.data = ngx_pnalloc(req->r->pool, copy.len);

    if (req->numbers == NULL || copy.data == NULL) {
        return NGX_ERROR;
    }

    copy.len = 0;

    if (bb_number_scan(req, json, &copy) == NGX_ERROR) {
        return NGX_ERROR;
    }

    *json = copy;

    return NGX_OK;
}


/*
 * Returns how many numbers are to be set aside, and the length of the text
 * without them.  With room for that text it is made, too.
 */

static ngx_int_t
bb_number_scan(bb_req_t *req, const ngx_str_t *json, ngx_str_t *copy)
{
    u_char     *p, *last, *end, *dst;
    ngx_str_t  *number;
    ngx_int_t   n;
    u_char      text[NGX_INT64_LEN];

    n = 0;
    last = json->data + json->len;

    for (p = json->data; p < last; p = end) {

        end = p + 1;
        number = NULL;

        if (*p == '"') {
            end = bb_number_string(end, last);

        } else if (*p == '-' || (*p >= '0' && *p <= '9')) {

            while (end < last
                   && ((*end >= '0' && *end <= '9')
                       || ngx_strchr("+-.eE", *end)))
            {
                end++;
            }

            if (!bb_number_is_plain(p, end - p)
                && bb_number_check(p, end - p))
            {
                dst = ngx_sprintf(text, "%L", BB_NUMBER_FIRST + n);
                n++;

                if (copy->data == NULL) {
                    copy->len += dst - text;
                    continue;
                }

                number = ngx_array_push(req->numbers);
                if (number == NULL) {
                    return NGX_ERROR;
                }

                number->len = end - p;
                number->data = ngx_pnalloc(req->r->pool, number->len + 1);

                if (number->data == NULL) {
                    return NGX_ERROR;
                }

                ngx_memcpy(number->data, p, number->len);
                number->data[number->len] = '\0';

                ngx_memcpy(copy->data + copy->len, text, dst - text);
                copy->len += dst - text;
                continue;
            }
        }

        if (copy->data) {
            ngx_memcpy(copy->data + copy->len, p, end - p);
        }

        copy->len += end - p;
    }

    return n;
}


/* What follows a string whose first character is at p. */

static u_char *
bb_number_string(u_char *p, u_char *last)
{
    while (p < last) {

        if (*p == '"') {
            return p + 1;
        }

        p += (*p == '\\' && last - p > 1) ? 2 : 1;
    }

    return last;
}


static ngx_uint_t
bb_number_is_plain(const u_char *p, size_t len)
{
    size_t  i;

    if (len && *p == '-') {
        p++;
        len--;

        if (len && *p == '0') {
            return 0;
        }
    }

    for (i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return 0;
        }
    }

    return len <= BB_NUMBER_DIGITS;
}


ngx_uint_t
bb_number_check(u_char *p, size_t len)
{
    u_char  *last, *start;

    last = p + len;

    if (p < last && *p == '-') {
        p++;
    }

    start = p;
    p = bb_number_digits(p, last);

    if (p == start || (*start == '0' && p - start > 1)) {
        return 0;
    }

    if (p < last && *p == '.') {
        start = p + 1;
        p = bb_number_digits(start, last);

        if (p == start) {
            return 0;
        }
    }

    if (p < last && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < last && (*p == '+' || *p == '-')) {
            p++;
        }

        start = p;
        p = bb_number_digits(p, last);

        if (p == start) {
            return 0;
        }
    }

    return p == last;
}


static u_char *
bb_number_digits(u_char *p, u_char *last)
{
    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


const ngx_str_t *
bb_number_text(bb_req_t *req, const json_t *json)
{
    json_int_t   i;
    ngx_str_t   *numbers;

    i = json_integer_value(json);

    if (req->numbers == NULL || i < BB_NUMBER_FIRST) {
        return NULL;
    }

    numbers = req->numbers->elts;

    return &numbers[i - BB_NUMBER_FIRST];
}


ngx_int_t
bb_number_int64(bb_req_t *req, const json_t *json, int64_t *n)
{
    size_t            len;
    double            real;
    const ngx_str_t  *text;

    text = bb_number_text(req, json);

    if (text == NULL) {
        *n = json_integer_value(json);
        return NGX_OK;
    }

    len = strcspn((char *) text->data, "eE");

    if (len == text->len) {
        /* no exponent: digits, and perhaps a fraction, which is dropped */
        len = strcspn((char *) text->data, ".");
        return bb_value_int64(text->data, len, n);
    }

    real = strtod((char *) text->data, NULL);

    /* 2^63 is the first double beyond the range */

    if (real < -9223372036854775808.0 || real >= 9223372036854775808.0) {
        return NGX_DECLINED;
    }

    *n = (int64_t) real;

    return NGX_OK;
}


double
bb_number_real(bb_req_t *req, const json_t *json)
{
    const ngx_str_t  *text;

    text = bb_number_text(req, json);

    return text ? strtod((char *) text->data, NULL)
                : (double) json_integer_value(json);
}

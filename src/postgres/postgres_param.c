/*
 * Array parameters in PostgreSQL's binary form: a header of five 32-bit words
 * (dimensions, whether there are nulls, element type, length, first index),
 * then each element after its length.  All numbers are big-endian.
 */

#include "postgres/postgres_param.h"


#define BB_POSTGRES_OID_BIGINT    20
#define BB_POSTGRES_OID_TEXT      25

#define BB_POSTGRES_ARRAY_HEADER  20
#define BB_POSTGRES_ARRAY_EMPTY   12     /* no dimension follows */
#define BB_POSTGRES_ARRAY_MAX     0x3fffffff


static ngx_int_t bb_postgres_array_begin(bb_postgres_array_t *a,
    ngx_pool_t *pool, ngx_log_t *log, uint32_t type, ngx_uint_t n,
    size_t element, size_t bytes);
static u_char *bb_postgres_array_next(bb_postgres_array_t *a, uint32_t word,
    size_t len);
static u_char *bb_postgres_array_word(u_char *p, uint32_t word);


ngx_int_t
bb_postgres_array_bigint(bb_postgres_array_t *a, ngx_pool_t *pool,
    ngx_log_t *log, ngx_uint_t n)
{
    return bb_postgres_array_begin(a, pool, log, BB_POSTGRES_OID_BIGINT, n,
                                   sizeof(uint32_t) + sizeof(int64_t), 0);
}


ngx_int_t
bb_postgres_array_text(bb_postgres_array_t *a, ngx_pool_t *pool,
    ngx_log_t *log, ngx_uint_t n, size_t bytes)
{
    return bb_postgres_array_begin(a, pool, log, BB_POSTGRES_OID_TEXT, n,
                                   sizeof(uint32_t), bytes);
}


static ngx_int_t
bb_postgres_array_begin(bb_postgres_array_t *a, ngx_pool_t *pool,
    ngx_log_t *log, uint32_t type, ngx_uint_t n, size_t element, size_t bytes)
{
    size_t  size;

    ngx_memzero(a, sizeof(bb_postgres_array_t));

    if (n > BB_POSTGRES_ARRAY_MAX / element / 2
        || bytes > BB_POSTGRES_ARRAY_MAX / 2 - BB_POSTGRES_ARRAY_HEADER)
    {
        return NGX_ERROR;
    }

    size = BB_POSTGRES_ARRAY_HEADER + n * element + bytes;

    a->start = pool ? ngx_pnalloc(pool, size) : ngx_alloc(size, log);
    if (a->start == NULL) {
        return NGX_ERROR;
    }

    a->type = type;
    a->pos = a->start + BB_POSTGRES_ARRAY_HEADER;
    a->end = a->start + size;

    return NGX_OK;
}


void
bb_postgres_array_add_bigint(bb_postgres_array_t *a, int64_t value)
{
    u_char  *p;

    p = bb_postgres_array_next(a, sizeof(int64_t), sizeof(int64_t));

    if (p) {
        p = bb_postgres_array_word(p, (uint32_t) ((uint64_t) value >> 32));
        (void) bb_postgres_array_word(p, (uint32_t) value);
    }
}


void
bb_postgres_array_add_text(bb_postgres_array_t *a, const void *data, size_t len)
{
    u_char  *p;

    p = bb_postgres_array_next(a, (uint32_t) len, len);

    if (p && len) {
        ngx_memcpy(p, data, len);
    }
}


/* writes an element's length word and returns where its len bytes go */

static u_char *
bb_postgres_array_next(bb_postgres_array_t *a, uint32_t word, size_t len)
{
    u_char  *p;
    size_t   room;

    room = a->end - a->pos;

    if (room < sizeof(uint32_t) || room - sizeof(uint32_t) < len) {
        a->overflow = 1;
        return NULL;
    }

    p = bb_postgres_array_word(a->pos, word);

    a->pos = p + len;
    a->n++;

    return p;
}


ngx_int_t
bb_postgres_array_end(bb_postgres_array_t *a, bb_postgres_param_t *param)
{
    u_char  *p;

    if (a->overflow) {
        return NGX_ERROR;
    }

    p = bb_postgres_array_word(a->start, a->n ? 1 : 0);
    p = bb_postgres_array_word(p, 0);
    p = bb_postgres_array_word(p, a->type);

    if (a->n) {
        p = bb_postgres_array_word(p, (uint32_t) a->n);
        (void) bb_postgres_array_word(p, 1);

    } else {
        a->pos = a->start + BB_POSTGRES_ARRAY_EMPTY;
    }

    param->value = (char *) a->start;
    param->len = (int) (a->pos - a->start);
    param->binary = 1;

    return NGX_OK;
}


void
bb_postgres_array_free(bb_postgres_array_t *a)
{
    if (a->start) {
        ngx_free(a->start);
        a->start = NULL;
    }
}


/* bytes one by one: compilers make one store of them, aligned or not */

static u_char *
bb_postgres_array_word(u_char *p, uint32_t word)
{
    *p++ = (u_char) (word >> 24);
    *p++ = (u_char) (word >> 16);
    *p++ = (u_char) (word >> 8);
    *p++ = (u_char) word;

    return p;
}

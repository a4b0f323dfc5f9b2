/* Array parameters in PostgreSQL's binary form: bigint[] and text[]. */

#ifndef _BB_POSTGRES_PARAM_H_INCLUDED_
#define _BB_POSTGRES_PARAM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "postgres/postgres_client.h"


/*
 * An array of one dimension that is written once, from front to back:
 *
 *     bb_postgres_array_t  ids;
 *
 *     if (bb_postgres_array_bigint(&ids, pool, NULL, n) != NGX_OK) { ... }
 *
 *     for (i = 0; i < n; i++) {
 *         bb_postgres_array_add_bigint(&ids, id[i]);
 *     }
 *
 *     if (bb_postgres_array_end(&ids, &params[0]) != NGX_OK) { ... }
 */

typedef struct {
    u_char      *start;
    u_char      *pos;
    u_char      *end;
    ngx_uint_t   n;            /* elements so far */
    uint32_t     type;         /* of an element, PostgreSQL's oid */
    unsigned     overflow:1;   /* an element found no room */
} bb_postgres_array_t;


/*
 * Begins an array of at most n elements in one block, from pool or, if that is
 * NULL, from the heap (to be given back with bb_postgres_array_free).
 * NGX_ERROR: out of memory, or more than a parameter can hold.
 */
ngx_int_t bb_postgres_array_bigint(bb_postgres_array_t *a, ngx_pool_t *pool,
    ngx_log_t *log, ngx_uint_t n);

/* The same; bytes: the length of all texts together. */
ngx_int_t bb_postgres_array_text(bb_postgres_array_t *a, ngx_pool_t *pool,
    ngx_log_t *log, ngx_uint_t n, size_t bytes);

void bb_postgres_array_add_bigint(bb_postgres_array_t *a, int64_t value);
void bb_postgres_array_add_text(bb_postgres_array_t *a, const void *data,
    size_t len);

/*
 * Completes the array and makes it the value of param, which stays valid as
 * long as the block.  NGX_ERROR: more was added than was asked for.
 */
ngx_int_t bb_postgres_array_end(bb_postgres_array_t *a,
    bb_postgres_param_t *param);

/* Only for arrays from the heap. */
void bb_postgres_array_free(bb_postgres_array_t *a);


#endif /* _BB_POSTGRES_PARAM_H_INCLUDED_ */

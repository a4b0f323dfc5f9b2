/*
 * Memory that runs out, in a test build.
 *
 * The linker leads what the module calls to get memory, of nginx or of its
 * libraries, to the functions below, whose names the Makefile takes from this
 * file.  Each call counts as one allocation, whatever it needs of them inside.
 *
 * Memory of a pool is a block of its own here, so that a checker sees its end.
 */

#include "core/core_fault.h"

#if (BB_FAULTS)

#include <dlfcn.h>
#include <hiredis/async.h>
#include <libpq-fe.h>


/* what a call returns that fails, or that is made */
#define bb_fault_or(failed, call)                                             \
    (bb_fault_alloc(__builtin_return_address(0)) ? (failed) : (call))


static ngx_uint_t bb_fault_alloc(void *caller);


/* the allocation that fails, counted down; 0: none */
static ngx_uint_t  bb_fault_alloc_left;


void
bb_fault_request(ngx_http_request_t *r)
{
    ngx_int_t         n;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static const ngx_str_t  name = ngx_string("Fault-Allocation");

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len != name.len
                || ngx_strcmp(h[i].key.data, name.data) != 0)
            {
                continue;
            }

            n = ngx_atoi(h[i].value.data, h[i].value.len);

            if (n == NGX_ERROR) {
                ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                              "bb_store fault: no number of an allocation");
                return;
            }

            bb_fault_alloc_left = n;
            return;
        }
    }
}


static ngx_uint_t
bb_fault_alloc(void *caller)
{
    Dl_info  info;

    if (bb_fault_alloc_left == 0 || --bb_fault_alloc_left) {
        return 0;
    }

    if (dladdr(caller, &info)) {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "bb_store fault: an allocation fails, %s+0x%xz",
                      info.dli_fname,
                      (size_t) caller - (size_t) info.dli_fbase);
    }

    return 1;
}


/* jansson, see core_jansson.c */

void *__real_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
    return bb_fault_or(NULL, __real_malloc(size));
}


/* nginx */

void *__real_ngx_alloc(size_t size, ngx_log_t *log);

void *
__wrap_ngx_alloc(size_t size, ngx_log_t *log)
{
    return bb_fault_or(NULL, __real_ngx_alloc(size, log));
}


void *__real_ngx_calloc(size_t size, ngx_log_t *log);

void *
__wrap_ngx_calloc(size_t size, ngx_log_t *log)
{
    return bb_fault_or(NULL, __real_ngx_calloc(size, log));
}


void *
__wrap_ngx_palloc(ngx_pool_t *pool, size_t size)
{
    return bb_fault_or(NULL, ngx_pmemalign(pool, size, NGX_POOL_ALIGNMENT));
}


void *
__wrap_ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return bb_fault_or(NULL, ngx_pmemalign(pool, size, NGX_POOL_ALIGNMENT));
}


void *
__wrap_ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = bb_fault_or(NULL, ngx_pmemalign(pool, size, NGX_POOL_ALIGNMENT));

    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}


ngx_pool_t *__real_ngx_create_pool(size_t size, ngx_log_t *log);

ngx_pool_t *
__wrap_ngx_create_pool(size_t size, ngx_log_t *log)
{
    return bb_fault_or(NULL, __real_ngx_create_pool(size, log));
}


ngx_pool_cleanup_t *__real_ngx_pool_cleanup_add(ngx_pool_t *p, size_t size);

ngx_pool_cleanup_t *
__wrap_ngx_pool_cleanup_add(ngx_pool_t *p, size_t size)
{
    return bb_fault_or(NULL, __real_ngx_pool_cleanup_add(p, size));
}


ngx_buf_t *__real_ngx_create_temp_buf(ngx_pool_t *pool, size_t size);

ngx_buf_t *
__wrap_ngx_create_temp_buf(ngx_pool_t *pool, size_t size)
{
    return bb_fault_or(NULL, __real_ngx_create_temp_buf(pool, size));
}


ngx_chain_t *__real_ngx_alloc_chain_link(ngx_pool_t *pool);

ngx_chain_t *
__wrap_ngx_alloc_chain_link(ngx_pool_t *pool)
{
    return bb_fault_or(NULL, __real_ngx_alloc_chain_link(pool));
}


ngx_array_t *__real_ngx_array_create(ngx_pool_t *p, ngx_uint_t n, size_t size);

ngx_array_t *
__wrap_ngx_array_create(ngx_pool_t *p, ngx_uint_t n, size_t size)
{
    return bb_fault_or(NULL, __real_ngx_array_create(p, n, size));
}


void *__real_ngx_array_push(ngx_array_t *a);

void *
__wrap_ngx_array_push(ngx_array_t *a)
{
    return bb_fault_or(NULL, __real_ngx_array_push(a));
}


void *__real_ngx_list_push(ngx_list_t *list);

void *
__wrap_ngx_list_push(ngx_list_t *list)
{
    return bb_fault_or(NULL, __real_ngx_list_push(list));
}


void *__real_ngx_slab_alloc_locked(ngx_slab_pool_t *pool, size_t size);

void *
__wrap_ngx_slab_alloc_locked(ngx_slab_pool_t *pool, size_t size)
{
    return bb_fault_or(NULL, __real_ngx_slab_alloc_locked(pool, size));
}


ngx_connection_t *__real_ngx_get_connection(ngx_socket_t s, ngx_log_t *log);

ngx_connection_t *
__wrap_ngx_get_connection(ngx_socket_t s, ngx_log_t *log)
{
    return bb_fault_or(NULL, __real_ngx_get_connection(s, log));
}


ngx_http_cleanup_t *__real_ngx_http_cleanup_add(ngx_http_request_t *r,
    size_t size);

ngx_http_cleanup_t *
__wrap_ngx_http_cleanup_add(ngx_http_request_t *r, size_t size)
{
    return bb_fault_or(NULL, __real_ngx_http_cleanup_add(r, size));
}


ngx_int_t __real_ngx_http_complex_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *val, ngx_str_t *value);

ngx_int_t
__wrap_ngx_http_complex_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *val, ngx_str_t *value)
{
    return bb_fault_or(NGX_ERROR,
                       __real_ngx_http_complex_value(r, val, value));
}


ngx_int_t __real_ngx_http_subrequest(ngx_http_request_t *r, ngx_str_t *uri,
    ngx_str_t *args, ngx_http_request_t **psr, ngx_http_post_subrequest_t *ps,
    ngx_uint_t flags);

ngx_int_t
__wrap_ngx_http_subrequest(ngx_http_request_t *r, ngx_str_t *uri,
    ngx_str_t *args, ngx_http_request_t **psr, ngx_http_post_subrequest_t *ps,
    ngx_uint_t flags)
{
    void                        *caller;
    ngx_int_t                    rc;
    ngx_http_posted_request_t  **p;

    caller = __builtin_return_address(0);

    if (bb_fault_alloc(caller)) {
        return NGX_ERROR;
    }

    rc = __real_ngx_http_subrequest(r, uri, args, psr, ps, flags);

    if (rc == NGX_OK && bb_fault_alloc(caller)) {

        /* its last allocation is that of the posted request: all but that */

        for (p = &r->main->posted_requests; (*p)->next; p = &(*p)->next) {
            /* void */
        }

        *p = NULL;
        return NGX_ERROR;
    }

    return rc;
}


ngx_int_t __real_ngx_http_discard_request_body(ngx_http_request_t *r);

ngx_int_t
__wrap_ngx_http_discard_request_body(ngx_http_request_t *r)
{
    return bb_fault_or(NGX_HTTP_INTERNAL_SERVER_ERROR,
                       __real_ngx_http_discard_request_body(r));
}


ngx_int_t __real_ngx_http_read_client_request_body(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

ngx_int_t
__wrap_ngx_http_read_client_request_body(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    return bb_fault_or(NGX_HTTP_INTERNAL_SERVER_ERROR,
                       __real_ngx_http_read_client_request_body(r, handler));
}


ngx_int_t __real_ngx_http_send_header(ngx_http_request_t *r);

ngx_int_t
__wrap_ngx_http_send_header(ngx_http_request_t *r)
{
    return bb_fault_or(NGX_ERROR, __real_ngx_http_send_header(r));
}


ngx_int_t __real_ngx_http_output_filter(ngx_http_request_t *r,
    ngx_chain_t *chain);

ngx_int_t
__wrap_ngx_http_output_filter(ngx_http_request_t *r, ngx_chain_t *chain)
{
    return bb_fault_or(NGX_ERROR, __real_ngx_http_output_filter(r, chain));
}


/* hiredis */

redisAsyncContext *__real_redisAsyncConnect(const char *ip, int port);

redisAsyncContext *
__wrap_redisAsyncConnect(const char *ip, int port)
{
    return bb_fault_or(NULL, __real_redisAsyncConnect(ip, port));
}


int __real_redisAsyncFormattedCommand(redisAsyncContext *ac,
    redisCallbackFn *fn, void *data, const char *command, size_t len);

int
__wrap_redisAsyncFormattedCommand(redisAsyncContext *ac, redisCallbackFn *fn,
    void *data, const char *command, size_t len)
{
    return bb_fault_or(REDIS_ERR, __real_redisAsyncFormattedCommand(ac, fn,
                                      data, command, len));
}


int __real_redisAsyncCommandArgv(redisAsyncContext *ac, redisCallbackFn *fn,
    void *data, int argc, const char **argv, const size_t *len);

int
__wrap_redisAsyncCommandArgv(redisAsyncContext *ac, redisCallbackFn *fn,
    void *data, int argc, const char **argv, const size_t *len)
{
    return bb_fault_or(REDIS_ERR, __real_redisAsyncCommandArgv(ac, fn, data,
                                      argc, argv, len));
}


/* libpq */

PGconn *__real_PQconnectStartParams(const char *const *keywords,
    const char *const *values, int expand);

PGconn *
__wrap_PQconnectStartParams(const char *const *keywords,
    const char *const *values, int expand)
{
    return bb_fault_or(NULL, __real_PQconnectStartParams(keywords, values,
                                                         expand));
}


int __real_PQsendPrepare(PGconn *conn, const char *name, const char *query,
    int n, const Oid *types);

int
__wrap_PQsendPrepare(PGconn *conn, const char *name, const char *query, int n,
    const Oid *types)
{
    return bb_fault_or(0, __real_PQsendPrepare(conn, name, query, n, types));
}


int __real_PQsendQueryPrepared(PGconn *conn, const char *name, int n,
    const char *const *values, const int *lengths, const int *formats,
    int result);

int
__wrap_PQsendQueryPrepared(PGconn *conn, const char *name, int n,
    const char *const *values, const int *lengths, const int *formats,
    int result)
{
    return bb_fault_or(0, __real_PQsendQueryPrepared(conn, name, n, values,
                              lengths, formats, result));
}


int __real_PQpipelineSync(PGconn *conn);

int
__wrap_PQpipelineSync(PGconn *conn)
{
    return bb_fault_or(0, __real_PQpipelineSync(conn));
}

#endif

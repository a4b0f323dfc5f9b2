/* The operations listener: paths, waiting, answers. */

#include "ops/ops_handler.h"
#include "core/core_fault.h"
#include "core/core_jansson.h"


static ngx_int_t bb_ops_live(ngx_http_request_t *r);
static void bb_ops_cleanup(void *data);
static void bb_ops_json_cleanup(void *data);


ngx_int_t
bb_ops_handler(ngx_http_request_t *r)
{
    bb_ops_t                  *ops;
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_http_cleanup_t        *cln;
    ngx_bb_store_main_conf_t  *conf;

    static const struct {
        ngx_str_t    path;
        void       (*start)(bb_ops_t *ops);
    } paths[] = {
        { ngx_string("/livez"), NULL },
        { ngx_string("/readyz"), bb_ops_ready },
        { ngx_string("/ops/status"), bb_ops_status },
        { ngx_null_string, NULL }
    };

    bb_fault_request(r);

    rc = bb_ops_audit(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    for (i = 0; paths[i].path.len; i++) {
        if (r->uri.len == paths[i].path.len
            && ngx_strncmp(r->uri.data, paths[i].path.data, r->uri.len) == 0)
        {
            break;
        }
    }

    if (paths[i].path.len == 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (paths[i].start == NULL) {
        return bb_ops_live(r);
    }

    conf = ngx_http_get_module_main_conf(r, ngx_bb_store_module);

    ops = ngx_pcalloc(r->pool, sizeof(bb_ops_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (ops == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (conf->worker == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ops->r = r;
    ops->worker = conf->worker;

    cln->handler = bb_ops_cleanup;
    cln->data = ops;

    /* the answer's finalize gives this reference back */
    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    paths[i].start(ops);

    return NGX_DONE;
}


static ngx_int_t
bb_ops_live(ngx_http_request_t *r)
{
    r->main->count++;
    bb_ops_reply(r, NGX_HTTP_OK, json_pack("{s:s}", "status", "ok"));

    return NGX_DONE;
}


static void
bb_ops_cleanup(void *data)
{
    bb_ops_t  *ops = data;

    ngx_uint_t  i;

    for (i = 0; i < BB_OPS_REDIS_CALLS; i++) {
        if (ops->redis[i]) {
            bb_redis_forget(ops->redis[i]);
        }
    }

    if (ops->postgres) {
        bb_postgres_forget(ops->postgres);
    }
}


void
bb_ops_call_done(bb_ops_t *ops)
{
    ngx_connection_t  *c;

    if (--ops->left) {
        return;
    }

    c = ops->r->connection;
    ops->done(ops);
    ngx_http_run_posted_requests(c);
}


void
bb_ops_reply(ngx_http_request_t *r, ngx_uint_t status, json_t *json)
{
    char                *text;
    ngx_buf_t           *b;
    ngx_int_t            rc;
    ngx_chain_t          out;
    ngx_table_elt_t     *h;
    ngx_pool_cleanup_t  *cln;

    text = json ? bb_jansson_dump(json, JSON_COMPACT) : NULL;
    json_decref(json);

    b = ngx_calloc_buf(r->pool);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    /* last: nothing may fail while the header is there and not filled in */

    if (text == NULL || b == NULL || cln == NULL
        || (h = ngx_list_push(&r->headers_out.headers)) == NULL)
    {
        free(text);
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    cln->handler = bb_ops_json_cleanup;
    cln->data = text;

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    ngx_str_set(&h->key, "Cache-Control");
    ngx_str_set(&h->value, "no-store");

    b->pos = (u_char *) text;
    b->last = b->pos + ngx_strlen(text);
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = b->last - b->pos;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    out.buf = b;
    out.next = NULL;

    ngx_http_finalize_request(r, ngx_http_output_filter(r, &out));
}


static void
bb_ops_json_cleanup(void *data)
{
    free(data);
}

/*
 * ngx_bb_store_module: its tables for nginx, the checks and handlers of a whole
 * configuration, the start and end of a worker.
 */

#include "ngx_bb_store_directives.h"

#include "call/call_client.h"
#include "cargo/cargo_endpoints.h"
#include "core/core_jansson.h"
#include "core/core_reply.h"
#include "core/core_req.h"
#include "core/core_settings.h"
#include "core/core_time.h"
#include "core/core_worker.h"
#include "coupon/coupon_committer.h"
#include "coupon/coupon_endpoints.h"
#include "coupon/coupon_issue.h"
#include "question/question_endpoints.h"
#include "question/question_phone.h"
#include "redis/redis_script.h"
#include "store/store_endpoints.h"


/*
 * Connections of a worker for statements that lock rows: on one alone each
 * would wait for the disk behind the one before, while PostgreSQL writes the
 * commits of several together
 */
#define BB_POSTGRES_WRITERS  4

/* of the issue batches: how long one may hold up those of other coupons, ms */
#define BB_LOCK_TIMEOUT  " -c lock_timeout=250"


static ngx_int_t ngx_bb_store_init(ngx_conf_t *cf);
static ngx_int_t ngx_bb_store_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_bb_store_init_process(ngx_cycle_t *cycle);
static void ngx_bb_store_exit_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_bb_store_start(ngx_cycle_t *cycle,
    ngx_bb_store_main_conf_t *conf);


static ngx_http_module_t  ngx_bb_store_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_bb_store_init,                     /* postconfiguration */

    ngx_bb_store_create_main_conf,         /* create main configuration */
    ngx_bb_store_init_main_conf,           /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_bb_store_create_loc_conf,          /* create location configuration */
    ngx_bb_store_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_bb_store_module = {
    NGX_MODULE_V1,
    &ngx_bb_store_module_ctx,              /* module context */
    ngx_bb_store_commands,                 /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_bb_store_init_module,              /* init module */
    ngx_bb_store_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_bb_store_exit_process,             /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_bb_store_init(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h;
    ngx_bb_store_main_conf_t   *bmcf;
    ngx_http_core_main_conf_t  *cmcf;

    const bb_endpoint_t  *tables[] = {
        bb_store_endpoints, bb_coupon_endpoints, bb_cargo_endpoints,
        bb_question_endpoints
    };

    bmcf = ngx_http_conf_get_module_main_conf(cf, ngx_bb_store_module);

    if (!bmcf->served) {
        return NGX_OK;
    }

    if (!bmcf->redis_set || !bmcf->postgres_set) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%s\" is missing at the http level; it is needed by "
                      "the location in %V:%ui",
                      bmcf->redis_set ? "bb_store_postgres" : "bb_store_redis",
                      &bmcf->served_file, bmcf->served_line);
        return NGX_ERROR;
    }

    bmcf->scripts = bb_redis_scripts_load(cf, bmcf->scripts_dir.len
                                              ? &bmcf->scripts_dir : NULL);
    if (bmcf->scripts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (bb_route_add(cf, &bmcf->routes, tables[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_bb_store_default_zone(cf, bmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = bb_req_handler;

    if (bb_call_filter_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return bb_reply_filter_init(cf);
}


/* Once for each configuration that comes into force. */

static ngx_int_t
ngx_bb_store_init_module(ngx_cycle_t *cycle)
{
    ngx_bb_store_main_conf_t  *bmcf;

    bmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_bb_store_module);

    if (bmcf && bmcf->served) {
        bb_shm_renew(bmcf->shm);

        return bb_coupon_committer_open(cycle, bmcf);
    }

    return NGX_OK;
}


/* Runs in the cache manager and loader, too. */

static ngx_int_t
ngx_bb_store_init_process(ngx_cycle_t *cycle)
{
    ngx_bb_store_main_conf_t  *bmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    bmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_bb_store_module);

    if (bmcf == NULL || !bmcf->served) {
        return NGX_OK;
    }

    bb_time_init();

    bb_jansson_init();

    if (ngx_bb_store_start(cycle, bmcf) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "bb_store: worker not started, it answers 503");
        ngx_bb_store_exit_process(cycle);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_bb_store_start(ngx_cycle_t *cycle, ngx_bb_store_main_conf_t *bmcf)
{
    bb_worker_t  *worker;

    worker = ngx_pcalloc(cycle->pool, sizeof(bb_worker_t));
    if (worker == NULL) {
        return NGX_ERROR;
    }

    worker->cycle = cycle;
    worker->conf = bmcf;
    bmcf->worker = worker;

    worker->slot = bb_shm_attach(bmcf->shm);
    if (worker->slot == NULL) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "bb_store: more than %d workers", BB_SHM_WORKERS);
        return NGX_ERROR;
    }

    worker->redis = bb_redis_create(cycle, &bmcf->redis, &worker->slot->redis);
    if (worker->redis == NULL) {
        return NGX_ERROR;
    }

    worker->postgres = bb_postgres_create(cycle, &bmcf->postgres,
                                          bmcf->postgres.connections,
                                          bmcf->postgres.timeout, "",
                                          &worker->slot->postgres);
    worker->postgres_write = bb_postgres_create(cycle, &bmcf->postgres,
                                               BB_POSTGRES_WRITERS,
                                               bmcf->postgres.timeout
                                               + bmcf->postgres.lock_timeout,
                                               bmcf->postgres.lock_options,
                                               &worker->slot->postgres_write);
    worker->postgres_issue = bb_postgres_create(cycle, &bmcf->postgres, 1,
                                               bmcf->postgres.timeout,
                                               BB_LOCK_TIMEOUT,
                                               &worker->slot->postgres_issue);

    if (worker->postgres == NULL || worker->postgres_write == NULL
        || worker->postgres_issue == NULL)
    {
        return NGX_ERROR;
    }

    worker->issuer = bb_coupon_issuer_create(worker);
    if (worker->issuer == NULL) {
        return NGX_ERROR;
    }

    /* one a host, as for the sweep */

    if (ngx_process == NGX_PROCESS_SINGLE || ngx_worker == 0) {

        if (bmcf->phone_location) {
            worker->phone = bb_question_phone_create(worker);
            if (worker->phone == NULL) {
                return NGX_ERROR;
            }
        }

        worker->settings = bb_settings_create(worker);
        if (worker->settings == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_bb_store_exit_process(ngx_cycle_t *cycle)
{
    bb_worker_t               *worker;
    ngx_bb_store_main_conf_t  *bmcf;

    bmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_bb_store_module);

    if (bmcf == NULL || bmcf->worker == NULL) {
        return;
    }

    worker = bmcf->worker;
    bmcf->worker = NULL;

    if (worker->phone) {
        bb_question_phone_destroy(worker->phone);
    }

    if (worker->redis) {
        bb_redis_destroy(worker->redis);
    }

    if (worker->postgres) {
        bb_postgres_destroy(worker->postgres);
    }

    if (worker->postgres_write) {
        bb_postgres_destroy(worker->postgres_write);
    }

    if (worker->postgres_issue) {
        bb_postgres_destroy(worker->postgres_issue);
    }

    if (worker->issuer) {
        bb_coupon_issuer_destroy(worker->issuer);
    }

    if (worker->settings) {
        bb_settings_destroy(worker->settings);
    }

    if (worker->slot) {
        bb_shm_detach(worker->slot);
    }
}

/* The module's configuration. */

#ifndef _BB_CORE_CONF_H_INCLUDED_
#define _BB_CORE_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "call/call_conf.h"
#include "core/core_fault.h"
#include "core/core_route.h"
#include "postgres/postgres_conf.h"
#include "redis/redis_conf.h"
#include "shm/shm_zone.h"


typedef struct bb_worker_s  bb_worker_t;


/* when a drawn coupon is acknowledged */

typedef enum {
    BB_ACK_COMMIT = 0,     /* PostgreSQL has committed the row */
    BB_ACK_CLAIM           /* Redis has the claim and its log entry */
} bb_ack_e;


typedef struct ngx_bb_store_loc_conf_s  ngx_bb_store_loc_conf_t;

typedef struct {
    bb_redis_conf_t       redis;
    bb_postgres_conf_t    postgres;
    ngx_array_t          *scripts;        /* of bb_redis_script_t */
    ngx_str_t             scripts_dir;
    bb_shm_t             *shm;
    ngx_shm_zone_t       *zone;
    bb_routes_t           routes;

    ngx_msec_t            sweep;          /* age at which a log entry is late */
    ngx_msec_t            audit;          /* from round to round; 0: none */
    ngx_uint_t            coupon_batch;   /* rows in one batch */
    ngx_uint_t            coupon_queue;   /* claims a worker holds */
    ngx_uint_t            coupon_committer;   /* one a host, or each worker */
    ngx_socket_t          committer;      /* where it listens, -1: nowhere */

    bb_breaker_conf_t     breakers[BB_CALL_OPS];

    /* the location whose calls ask for phone numbers; NULL: none can */
    ngx_bb_store_loc_conf_t    *phone_location;
    ngx_http_conf_ctx_t        *phone_server;

#if (BB_FAULTS)
    ngx_uint_t            faults[BB_FAULT_POINTS];    /* 0: never */
#endif

    ngx_uint_t            served;         /* some location serves a domain */

    /* where the first such location stands, for messages */
    ngx_str_t             served_file;
    ngx_uint_t            served_line;

    bb_worker_t          *worker;         /* in a worker only */

    unsigned              redis_set:1;
    unsigned              postgres_set:1;
} ngx_bb_store_main_conf_t;


struct ngx_bb_store_loc_conf_s {
    ngx_uint_t                  domains;       /* BB_STORE|..., 0: nothing */
    bb_scope_e                  scope;
    ngx_str_t                   mount;         /* no slash at its end */

    ngx_http_complex_value_t   *user;          /* NULL: the userId header */
    ngx_str_t                   user_header;   /* lower case, or empty */
    ngx_flag_t                  owner_check;
    ngx_uint_t                  coupon_ack;    /* bb_ack_e */
    ngx_msec_t                  coupon_timeout;
    ngx_flag_t                  coupon_cache;
    size_t                      max_body;
    bb_service_conf_t           services[BB_SERVICES];
    ngx_msec_t                  call_timeout;

    /* where the directive that makes this location ours stands */
    ngx_str_t                   file;
    ngx_uint_t                  line;
    unsigned                    ops:1;
};


extern ngx_module_t  ngx_bb_store_module;


#endif /* _BB_CORE_CONF_H_INCLUDED_ */

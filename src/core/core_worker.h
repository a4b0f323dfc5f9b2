/* What a worker process holds while it runs. */

#ifndef _BB_CORE_WORKER_H_INCLUDED_
#define _BB_CORE_WORKER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "core/core_conf.h"
#include "postgres/postgres_client.h"
#include "redis/redis_client.h"
#include "shm/shm_zone.h"


typedef struct bb_coupon_issuer_s   bb_coupon_issuer_t;
typedef struct bb_question_phone_s  bb_question_phone_t;
typedef struct bb_settings_s        bb_settings_t;


struct bb_worker_s {
    ngx_cycle_t                 *cycle;
    ngx_bb_store_main_conf_t    *conf;
    bb_shm_worker_t             *slot;       /* its own in the shared zone */

    bb_redis_t                  *redis;
    bb_postgres_t               *postgres;

    /*
     * Connections of their own for what may wait for a row that somebody else
     * has locked: it holds up what is sent behind it.
     */
    bb_postgres_t               *postgres_write;
    bb_postgres_t               *postgres_issue;    /* the issue batches */

    bb_coupon_issuer_t          *issuer;     /* the coupon domain's */
    bb_question_phone_t         *phone;      /* in the worker that sweeps */
    bb_settings_t               *settings;   /* in the first worker */
};


#endif /* _BB_CORE_WORKER_H_INCLUDED_ */

/*
 * The shared zone: the breakers of calls to other services, the holders of
 * coupons that are sold out, what the last round of audits found, and one slot
 * of counters for each worker process, written by that worker only and read by
 * the operations listener without a lock.
 *
 * The zone lives on when the configuration is reloaded.  A slot's counters only
 * grow, also when a later worker takes the slot of one that ended, so their sum
 * over all slots counts everything since the zone was made.
 */

#ifndef _BB_SHM_ZONE_H_INCLUDED_
#define _BB_SHM_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "call/call_conf.h"
#include "core/core_fault.h"
#include "postgres/postgres_client.h"
#include "redis/redis_client.h"
#include "shm/shm_soldout.h"


/*
 * Workers of the running and of still draining configurations; nginx itself
 * keeps at most 1024 processes.
 */
#define BB_SHM_WORKERS  256

#define BB_SHM_BATCH_BUCKETS  12     /* of 1, 2-3, 4-7, ... 2048+ rows */


typedef enum {
    BB_OUTCOME_SUCCESS = 0,
    BB_OUTCOME_FAIL,             /* a business error */
    BB_OUTCOME_INVALID,          /* 4xx */
    BB_OUTCOME_UNAVAILABLE,      /* 503 */
    BB_OUTCOME_ERROR,            /* 500 */
    BB_OUTCOMES
} bb_outcome_e;


typedef struct {
    ngx_atomic_uint_t    claims;        /* sent to Redis */
    ngx_atomic_uint_t    calls;         /* script calls they took */
    ngx_atomic_uint_t    won;           /* claims that Redis granted */
    ngx_atomic_uint_t    pending;       /* granted, not committed; now */
    ngx_atomic_uint_t    rejected;      /* refused because too many pend */
    ngx_atomic_uint_t    known;         /* answered without Redis: sold out */
    ngx_atomic_uint_t    learned;       /* sold-out coupons taken to the zone */
    ngx_atomic_uint_t    late;          /* answered 503 at their deadline */
    ngx_atomic_uint_t    loads;         /* coupons loaded from PostgreSQL */
    ngx_atomic_uint_t    batches;       /* committed */
    ngx_atomic_uint_t    rows;          /* in committed batches */
    ngx_atomic_uint_t    retries;       /* batches sent again */
    ngx_atomic_uint_t    held;          /* claims whose coupon was locked */
    ngx_atomic_uint_t    lent;          /* claims lent to the committer */
    ngx_atomic_uint_t    returned;      /* of these, not committed by it */
    ngx_atomic_uint_t    splits;        /* batches cut in two */
    ngx_atomic_uint_t    undone;        /* granted, refused by PostgreSQL */
    ngx_atomic_uint_t    dead;          /* entries moved to the dead letters */
    ngx_atomic_uint_t    swept;         /* entries committed by the sweep */
    ngx_atomic_uint_t    sizes[BB_SHM_BATCH_BUCKETS];
} bb_coupon_stat_t;


/* of phone numbers that are asked for */

typedef struct {
    ngx_atomic_uint_t    asked;
    ngx_atomic_uint_t    found;         /* and put into the message */
    ngx_atomic_uint_t    dead;          /* messages moved to the dead letters */
} bb_question_stat_t;


/* of the coupons' audits, see coupon_reconcile.c */

typedef struct {
    ngx_atomic_uint_t     round;         /* seconds since the epoch: the last
                                            look at all live coupons ended */
    ngx_atomic_uint_t     coupons;       /* looked at in it */
    ngx_atomic_uint_t     failed;        /* could not be looked at */
    ngx_atomic_uint_t     inconsistent;
    ngx_atomic_uint_t     drift;         /* differences found */
    ngx_atomic_t          repaired;      /* since the zone was made */
} bb_audit_stat_t;


typedef struct {
    ngx_atomic_t          pid;          /* 0: free */
    ngx_atomic_uint_t     generation;   /* of its configuration */
    ngx_atomic_uint_t     started;      /* seconds since the epoch */
    ngx_atomic_uint_t     committer;    /* 1: commits for its host */

    ngx_atomic_uint_t     requests[BB_OUTCOMES];
    bb_redis_stat_t       redis;
    bb_postgres_stat_t    postgres;
    bb_postgres_stat_t    postgres_write;
    bb_postgres_stat_t    postgres_issue;
    bb_coupon_stat_t      coupon;
    bb_question_stat_t    question;
} bb_shm_worker_t;


typedef struct {
    ngx_atomic_uint_t     layout;       /* of the whole zone; see shm_zone.c */
    ngx_atomic_uint_t     started;      /* seconds since the epoch */
    ngx_atomic_uint_t     generation;   /* of the newest configuration */
    bb_breaker_t          breakers[BB_CALL_OPS];
    bb_audit_stat_t       audit;
#if (BB_FAULTS)
    ngx_atomic_t          faults[BB_FAULT_POINTS];    /* times passed */
#endif
    bb_soldout_slot_t     soldout[BB_SOLDOUT_SLOTS];
    bb_shm_worker_t       workers[BB_SHM_WORKERS];
} bb_shm_state_t;


typedef struct {
    ngx_slab_pool_t      *pool;
    bb_shm_state_t       *state;
    bb_soldout_t          soldout;
} bb_shm_t;


/* Adds the zone to the configuration; shm is filled in when it is mapped. */
ngx_shm_zone_t *bb_shm_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    bb_shm_t *shm, void *tag);

/*
 * A new configuration is in force: the workers of older ones are on their way
 * out.
 */
void bb_shm_renew(bb_shm_t *shm);

/*
 * Takes a free slot for this process, or one whose process is gone.  NULL: all
 * BB_SHM_WORKERS are alive.
 */
bb_shm_worker_t *bb_shm_attach(bb_shm_t *shm);

void bb_shm_detach(bb_shm_worker_t *slot);

/* Whether the process of a slot is running. */
ngx_uint_t bb_shm_alive(bb_shm_worker_t *slot);


#endif /* _BB_SHM_ZONE_H_INCLUDED_ */

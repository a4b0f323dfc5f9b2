/*
 * The audit of one coupon: PostgreSQL's word against Redis', and the repair of
 * what differs.
 *
 * It is exact while claims run.  Both stores are read in chunks, which only
 * finds candidates; each of these is then looked at again, in an order in which
 * a claim under way explains it (see coupon_audit_users.c).
 */

#ifndef _BB_COUPON_AUDIT_H_INCLUDED_
#define _BB_COUPON_AUDIT_H_INCLUDED_


#include "coupon/coupon_issuer.h"


#define BB_AUDIT_USERS   100     /* of a kind that are named */

/* limit, start, end, deleted, version, expire: of the row, and of the hash */
#define BB_AUDIT_FIELDS  6
#define BB_AUDIT_VERSION 4

#define BB_AUDIT_GRACE   100     /* ms, before a candidate's second look */


typedef struct bb_coupon_audit_s  bb_coupon_audit_t;

/* Runs once, never before the start has returned; then the audit is gone. */
typedef void (*bb_audit_handler_pt)(void *data, bb_coupon_audit_t *audit);


typedef struct {
    ngx_uint_t    n;
    int64_t       first[BB_AUDIT_USERS];
} bb_audit_users_t;


/* what one pass found */

typedef struct {
    int64_t             issued;        /* issued_count */
    int64_t             rows;
    int64_t             members;       /* DUMMY left out */
    ngx_uint_t          pending;       /* claims in the intent log */
    bb_audit_users_t    no_member;     /* they have a row */
    bb_audit_users_t    no_row;        /* they have no claim either */
    unsigned            loaded:1;
    unsigned            stale:1;       /* Redis' fields are not the row's */
} bb_audit_report_t;


typedef struct {
    ngx_uint_t          added;         /* members */
    ngx_uint_t          removed;
    ngx_uint_t          fields;        /* times that they were put */
    ngx_uint_t          counts;        /* times that issued_count was set */
} bb_audit_repair_t;


typedef struct {
    ngx_str_t           field[BB_AUDIT_FIELDS];     /* len 0: not there */
    u_char              text[BB_AUDIT_FIELDS][NGX_INT64_LEN];
} bb_audit_fields_t;


struct bb_coupon_audit_s {
    bb_coupon_issuer_t    *issuer;
    ngx_log_t             *log;
    ngx_pool_t            *pool;
    bb_audit_handler_pt    handler;
    void                  *data;

    /* the outcome; of the last pass, if it repaired */
    bb_audit_report_t      report;
    bb_audit_repair_t      repaired;
    uint64_t               found;       /* differences in the first pass */
    const char            *failure;     /* NULL, or what went wrong */
    bb_audit_fields_t      row;
    bb_audit_fields_t      hash;        /* what Redis has */

    /* the one thing it waits for */
    bb_redis_call_t       *redis;
    bb_postgres_call_t    *postgres;
    ngx_event_t            timer;
    void                 (*next)(bb_coupon_audit_t *audit);

    bb_coupon_key_t        key;
    ngx_msec_t             pace;        /* between two chunks */
    ngx_uint_t             passes;

    int64_t                issued;      /* when the pass began */
    int64_t                row_version;
    int64_t                hash_version;

    /* a walk, see coupon_audit_users.c */
    int64_t                user;        /* first one of the next chunk */
    ngx_str_t              cursor;
    u_char                 cursor_text[NGX_INT64_LEN];
    ngx_array_t            scanned;     /* of int64_t */
    ngx_array_t            candidates;
    ngx_array_t            named;       /* users that the intent log names */
    ngx_str_t              last;        /* log entry up to which it is read */
    u_char                 last_text[2 * NGX_INT64_LEN];

    unsigned               unknown:1;   /* no such coupon */
    unsigned               repair:1;
    unsigned               repairing:1; /* this pass does */
    unsigned               differs:1;   /* the fields did, when it began */
    unsigned               end:1;       /* of the walk */
    unsigned               remove:1;
};


/*
 * Begins an audit.  repair: whether to repair, which ends with another look.
 * pace: ms to wait between two chunks, of an audit that nobody waits for and
 * that the worker's exit may break off; else 0.
 * Returns NULL, with the handler never run, when out of memory or the clients'
 * queues are full.
 */
bb_coupon_audit_t *bb_coupon_audit_start(bb_coupon_issuer_t *issuer,
    int64_t coupon, ngx_uint_t repair, ngx_msec_t pace,
    bb_audit_handler_pt handler, void *data);

/* Gives an audit up; its handler does not run. */
void bb_coupon_audit_cancel(bb_coupon_audit_t *audit);

/* How many differences a report tells; 0: consistent. */
uint64_t bb_coupon_audit_differences(const bb_audit_report_t *report);

/* How many repairs there were. */
uint64_t bb_coupon_audit_repairs(const bb_audit_repair_t *repaired);


/* for coupon_audit_users.c */

/* Compares the users, and goes on with bb_audit_finish(). */
void bb_audit_users(bb_coupon_audit_t *audit);
void bb_audit_finish(bb_coupon_audit_t *audit);

/* Reads the intent log from its beginning to its end, then goes on. */
void bb_audit_log(bb_coupon_audit_t *audit,
    void (*next)(bb_coupon_audit_t *audit));

/*
 * One call; its end is told to the handler with the audit as data.  Ends the
 * audit when it cannot be sent.  argv, params: as in the clients.
 */
void bb_audit_eval(bb_coupon_audit_t *audit, const char *script,
    ngx_uint_t nkeys, ngx_str_t *argv, ngx_uint_t argc,
    bb_redis_handler_pt handler);
void bb_audit_query(bb_coupon_audit_t *audit, bb_postgres_t *pg,
    const char *statement, const bb_postgres_param_t *params, ngx_uint_t n,
    bb_postgres_handler_pt handler);

/* First in such a handler: NGX_OK, or NGX_ERROR, having ended the audit. */
ngx_int_t bb_audit_replied(bb_coupon_audit_t *audit, bb_redis_rc_e rc,
    redisReply *reply);
ngx_int_t bb_audit_queried(bb_coupon_audit_t *audit, bb_postgres_rc_e rc,
    PGresult *res);

/* Goes on after a while; at once if wait is 0. */
void bb_audit_wait(bb_coupon_audit_t *audit, ngx_msec_t wait,
    void (*next)(bb_coupon_audit_t *audit));

/* Ends the audit in vain; the failure is a constant text. */
void bb_audit_fail(bb_coupon_audit_t *audit, const char *failure);


#endif /* _BB_COUPON_AUDIT_H_INCLUDED_ */

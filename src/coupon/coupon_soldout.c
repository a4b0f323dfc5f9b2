/*
 * Learning that a coupon is sold out, so that draws of it are answered from the
 * shared zone.
 *
 * When the issue script says that nothing is left, the holders are copied from
 * the set, some at a time.  Then one script call says whether the coupon is
 * still sold out in the same version and how many hold it; if that is how many
 * were copied, the zone gets them.
 */

#include "coupon/coupon_issuer.h"
#include "core/core_time.h"


#define BB_COUPON_LEARN_CHUNK  "500"    /* about 0.3 ms of Redis' time */
#define BB_COUPON_LEARN_PAUSE  300      /* ms after an attempt in vain */


struct bb_coupon_learn_s {
    bb_coupon_issuer_t    *issuer;
    bb_coupon_key_t        key;
    int64_t                version;
    ngx_atomic_uint_t      seq;         /* of the zone's slot at the start */
    ngx_msec_t             sent;        /* the last question */

    ngx_pool_t            *pool;
    ngx_array_t            users;       /* of int64_t; doubles are possible */
};


static void bb_coupon_learn_start(bb_coupon_issuer_t *issuer, int64_t coupon,
    int64_t version);
static void bb_coupon_learn_next(bb_coupon_learn_t *learn, const char *cursor,
    size_t len);
static void bb_coupon_learn_chunk(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static ngx_int_t bb_coupon_learn_keep(bb_coupon_learn_t *learn,
    redisReply *members);
static void bb_coupon_learn_check(bb_coupon_learn_t *learn);
static void bb_coupon_learn_checked(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_coupon_learn_end(bb_coupon_learn_t *learn, ngx_uint_t learned);


void
bb_coupon_soldout_learn(bb_coupon_issuer_t *issuer, int64_t coupon,
    int64_t version, int64_t left, ngx_msec_t sent)
{
    int64_t        known;
    bb_soldout_t  *soldout;

    soldout = &issuer->worker->conf->shm->soldout;
    known = bb_soldout_version(soldout, coupon);

    if (left > 0) {

        if (known) {
            bb_soldout_clear(soldout, coupon);
        }

        return;
    }

    if (known == version) {
        bb_soldout_confirm(soldout, coupon, version, sent);
        return;
    }

    if (issuer->learning == NULL
        && (ngx_msec_int_t) (ngx_current_msec - issuer->learn_after) >= 0)
    {
        bb_coupon_learn_start(issuer, coupon, version);
    }
}


static void
bb_coupon_learn_start(bb_coupon_issuer_t *issuer, int64_t coupon,
    int64_t version)
{
    ngx_pool_t         *pool;
    bb_coupon_learn_t  *learn;

    pool = ngx_create_pool(4096, issuer->log);
    if (pool == NULL) {
        return;
    }

    learn = ngx_pcalloc(pool, sizeof(bb_coupon_learn_t));

    if (learn == NULL
        || ngx_array_init(&learn->users, pool, 1000, sizeof(int64_t))
           != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return;
    }

    learn->issuer = issuer;
    learn->pool = pool;
    learn->version = version;
    learn->seq = bb_soldout_seq(&issuer->worker->conf->shm->soldout, coupon);

    bb_coupon_key_init(&learn->key, coupon);

    issuer->learning = learn;

    bb_coupon_learn_next(learn, "0", 1);
}


static void
bb_coupon_learn_next(bb_coupon_learn_t *learn, const char *cursor, size_t len)
{
    ngx_str_t  argv[5];

    ngx_str_set(&argv[0], "SSCAN");
    bb_coupon_key_issued(&learn->key, &argv[1]);
    argv[2].data = (u_char *) cursor;
    argv[2].len = len;
    ngx_str_set(&argv[3], "COUNT");
    ngx_str_set(&argv[4], BB_COUPON_LEARN_CHUNK);

    if (bb_redis_call(learn->issuer->worker->redis, argv, 5,
                      bb_coupon_learn_chunk, learn)
        == NULL)
    {
        bb_coupon_learn_end(learn, 0);
    }
}


/* reply: { cursor, members } */

static void
bb_coupon_learn_chunk(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_learn_t  *learn = data;

    redisReply  *cursor;

    if (rc != BB_REDIS_OK || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || bb_coupon_learn_keep(learn, reply->element[1]) != NGX_OK)
    {
        bb_coupon_learn_end(learn, 0);
        return;
    }

    cursor = reply->element[0];

    if (ngx_strcmp(cursor->str, "0") == 0) {
        bb_coupon_learn_check(learn);
        return;
    }

    bb_coupon_learn_next(learn, cursor->str, cursor->len);
}


static ngx_int_t
bb_coupon_learn_keep(bb_coupon_learn_t *learn, redisReply *members)
{
    char         *end;
    size_t        i;
    int64_t       user, *push;
    redisReply   *member;

    if (learn->users.nelts + members->elements > BB_SOLDOUT_HOLDERS) {
        return NGX_DECLINED;
    }

    for (i = 0; i < members->elements; i++) {
        member = members->element[i];

        if (member->type != REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }

        user = strtoll(member->str, &end, 10);

        if (*end != '\0') {
            continue;                   /* DUMMY */
        }

        push = ngx_array_push(&learn->users);
        if (push == NULL) {
            return NGX_ERROR;
        }

        *push = user;
    }

    return NGX_OK;
}


static void
bb_coupon_learn_check(bb_coupon_learn_t *learn)
{
    ngx_str_t  argv[3];

    bb_coupon_key_hash(&learn->key, &argv[0]);
    bb_coupon_key_issued(&learn->key, &argv[1]);
    bb_redis_set_run_id(&argv[2]);

    learn->sent = ngx_current_msec;

    if (bb_redis_eval(learn->issuer->worker->redis, learn->issuer->soldout, 2,
                      argv, 3, bb_coupon_learn_checked, learn)
        == NULL)
    {
        bb_coupon_learn_end(learn, 0);
    }
}


/* reply: { version, holders, last day }, or nothing if it is not sold out */

static void
bb_coupon_learn_checked(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_learn_t  *learn = data;

    ngx_int_t      kept;
    redisReply   **part;

    if (rc != BB_REDIS_OK || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 3)
    {
        bb_coupon_learn_end(learn, 0);
        return;
    }

    part = reply->element;

    if (part[0]->type != REDIS_REPLY_STRING
        || strtoll(part[0]->str, NULL, 10) != learn->version
        || part[1]->type != REDIS_REPLY_INTEGER
        || part[2]->type != REDIS_REPLY_STRING
        || part[2]->len != BB_DATE_LEN)
    {
        bb_coupon_learn_end(learn, 0);
        return;
    }

    kept = bb_soldout_set(&learn->issuer->worker->conf->shm->soldout,
                          learn->key.coupon, learn->version,
                          bb_time_date_number((u_char *) part[2]->str),
                          learn->users.elts, learn->users.nelts,
                          part[1]->integer, learn->seq, learn->sent);

    bb_coupon_learn_end(learn, kept == NGX_OK);
}


static void
bb_coupon_learn_end(bb_coupon_learn_t *learn, ngx_uint_t learned)
{
    bb_coupon_issuer_t  *issuer;

    issuer = learn->issuer;
    issuer->learning = NULL;
    issuer->stat->learned += learned;
    issuer->learn_after = ngx_current_msec
                          + (learned ? 0 : BB_COUPON_LEARN_PAUSE);

    ngx_destroy_pool(learn->pool);
}


void
bb_coupon_soldout_destroy(bb_coupon_learn_t *learn)
{
    ngx_destroy_pool(learn->pool);
}

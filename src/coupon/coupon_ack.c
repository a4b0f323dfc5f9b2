/*
 * Acknowledging claims to Redis: entries of the intent log whose claims are all
 * settled leave it, users whom PostgreSQL refused lose their place, and what it
 * never takes becomes a dead letter.
 */

#include "coupon/coupon_issuer.h"


#define BB_COUPON_SET_TTL   "86400"    /* s, of a set that is not loaded */
#define BB_COUPON_ACK_ARGS  7          /* of coupon_ack.lua, the keys too */


/* the holders of a coupon whose entries are to leave the log */

typedef struct {
    bb_coupon_issuer_t    *issuer;
    bb_coupon_key_t        key;
    ngx_uint_t             ndead;
    ngx_uint_t             nusers;
    int64_t                users[1];
} bb_coupon_ack_t;


static void bb_coupon_ack_some(bb_coupon_issuer_t *issuer,
    ngx_queue_t *intents, bb_coupon_intent_t *all, ngx_uint_t n);
static void bb_coupon_ack_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_coupon_unload(bb_coupon_issuer_t *issuer,
    const bb_coupon_key_t *key);


void
bb_coupon_ack(bb_coupon_issuer_t *issuer, ngx_queue_t *intents)
{
    ngx_uint_t           n;
    ngx_queue_t         *q, *next, same;
    bb_coupon_sweep_t   *sweep;
    bb_coupon_intent_t  *first, *intent, all;

    while (!ngx_queue_empty(intents)) {

        q = ngx_queue_head(intents);
        first = ngx_queue_data(q, bb_coupon_intent_t, queue);

        ngx_queue_init(&same);
        n = 0;
        ngx_memzero(&all, sizeof(bb_coupon_intent_t));

        for ( /* void */ ; q != ngx_queue_sentinel(intents); q = next) {
            next = ngx_queue_next(q);
            intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

            if (intent->key.coupon != first->key.coupon
                || intent->load.len != first->load.len
                || ngx_memcmp(intent->load.data, first->load.data,
                              first->load.len) != 0)
            {
                continue;
            }

            ngx_queue_remove(q);
            ngx_queue_insert_tail(&same, q);

            n++;
            all.nusers += intent->nusers;
            all.nrefused += intent->nrefused;
            all.ndead += intent->ndead;
        }

        bb_coupon_ack_some(issuer, &same, &all, n);

        while (!ngx_queue_empty(&same)) {
            q = ngx_queue_head(&same);
            intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

            ngx_queue_remove(q);

            sweep = intent->sweep;
            bb_coupon_intent_free(intent);

            if (sweep) {
                bb_coupon_sweep_settled(sweep);
            }
        }
    }
}


/*
 * n intents; all: the sums of their numbers.  What cannot be sent stays in the
 * log; the sweep comes to it.
 */

static void
bb_coupon_ack_some(bb_coupon_issuer_t *issuer, ngx_queue_t *intents,
    bb_coupon_intent_t *all, ngx_uint_t n)
{
    u_char              *p;
    ngx_str_t           *argv;
    ngx_uint_t           i, argc, max, sold_out;
    ngx_queue_t         *q;
    bb_coupon_ack_t     *ack;
    bb_coupon_dead_t    *dead;
    bb_coupon_intent_t  *intent;
    u_char               claims[BB_COUPON_KEY_LEN], letters[BB_COUPON_KEY_LEN];

    sold_out = 0;

    if (all->nrefused) {
        /* their places are free again */
        q = ngx_queue_head(intents);
        intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

        bb_soldout_clear(&issuer->worker->conf->shm->soldout,
                         intent->key.coupon);
    }

    max = BB_COUPON_ACK_ARGS + all->nrefused + 3 * all->ndead + n;

    ack = ngx_alloc(sizeof(bb_coupon_ack_t) + all->nusers * sizeof(int64_t),
                    issuer->log);
    argv = ngx_alloc(max * sizeof(ngx_str_t)
                     + (2 + all->nrefused) * NGX_INT64_LEN, issuer->log);

    if (ack == NULL || argv == NULL) {
        goto done;
    }

    q = ngx_queue_head(intents);
    intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

    ack->issuer = issuer;
    ack->key = intent->key;
    ack->ndead = all->ndead;
    ack->nusers = 0;

    p = (u_char *) &argv[max];

    bb_coupon_key_hash(&ack->key, &argv[0]);
    bb_coupon_key_issued(&ack->key, &argv[1]);
    bb_coupon_key_claims(&ack->key, &argv[2], claims);
    bb_coupon_key_dead(&ack->key, &argv[3], letters);
    argv[4] = intent->load;
    argv[5].data = p;
    p = ngx_sprintf(p, "%ui", all->nrefused);
    argv[5].len = p - argv[5].data;
    argv[6].data = p;
    p = ngx_sprintf(p, "%ui", all->ndead);
    argv[6].len = p - argv[6].data;
    argc = BB_COUPON_ACK_ARGS;

    for ( /* void */ ; q != ngx_queue_sentinel(intents); q = ngx_queue_next(q))
    {
        intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

        for (i = 1; i <= intent->nrefused; i++) {
            argv[argc].data = p;
            p = ngx_sprintf(p, "%L", intent->users[intent->n - i]);
            argv[argc].len = p - argv[argc].data;
            argc++;
        }

        ngx_memcpy(&ack->users[ack->nusers], intent->users,
                   intent->nusers * sizeof(int64_t));
        ack->nusers += intent->nusers;
        sold_out |= intent->sold_out;
    }

    for (q = ngx_queue_head(intents);
         q != ngx_queue_sentinel(intents);
         q = ngx_queue_next(q))
    {
        intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

        for (dead = intent->dead; dead; dead = dead->next) {
            argv[argc++] = dead->coupon;
            argv[argc++] = dead->claims;
            argv[argc++] = dead->reason;
        }
    }

    for (q = ngx_queue_head(intents);
         q != ngx_queue_sentinel(intents);
         q = ngx_queue_next(q))
    {
        intent = ngx_queue_data(q, bb_coupon_intent_t, queue);
        argv[argc++] = intent->id;
    }

    if (bb_redis_eval(issuer->worker->redis, issuer->ack, 4, argv, argc,
                      bb_coupon_ack_done, ack)
        != NULL)
    {
        ack = NULL;
    }

    if (sold_out) {
        bb_coupon_unload(issuer, &intent->key);
    }

done:

    if (ack) {
        ngx_free(ack);
    }

    if (argv) {
        ngx_free(argv);
    }
}


/*
 * Redis granted more places than there are, so it does not know all holders, as
 * after two primaries took claims.  The next claim loads the coupon.
 */

static void
bb_coupon_unload(bb_coupon_issuer_t *issuer, const bb_coupon_key_t *key)
{
    ngx_str_t        argv[3];
    bb_coupon_key_t  copy;

    copy = *key;

    ngx_log_error(NGX_LOG_WARN, issuer->log, 0,
                  "bb_store coupon: coupon %L is sold out and Redis did not "
                  "know, it is loaded again", key->coupon);

    ngx_str_set(&argv[0], "HDEL");
    bb_coupon_key_hash(&copy, &argv[1]);
    ngx_str_set(&argv[2], "run_id");

    (void) bb_redis_call(issuer->worker->redis, argv, 3, NULL, NULL);
}


static void
bb_coupon_ack_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_ack_t  *ack = data;

    u_char      *p;
    ngx_str_t   *argv;
    ngx_uint_t   i;

    if (rc != BB_REDIS_OK || reply->type != REDIS_REPLY_INTEGER) {
        ngx_free(ack);
        return;
    }

    ack->issuer->stat->dead += ack->ndead;

    if (reply->integer != 0 || ack->nusers == 0) {
        ngx_free(ack);
        return;
    }

    /* Redis lost something meanwhile: see that the holders are in the set */

    argv = ngx_alloc((2 + ack->nusers) * (sizeof(ngx_str_t) + NGX_INT64_LEN),
                     ack->issuer->log);
    if (argv == NULL) {
        ngx_free(ack);
        return;
    }

    p = (u_char *) &argv[2 + ack->nusers];

    bb_coupon_key_issued(&ack->key, &argv[0]);
    ngx_str_set(&argv[1], BB_COUPON_SET_TTL);

    for (i = 0; i < ack->nusers; i++) {
        argv[2 + i].data = p;
        p = ngx_sprintf(p, "%L", ack->users[i]);
        argv[2 + i].len = p - argv[2 + i].data;
    }

    (void) bb_redis_eval(ack->issuer->worker->redis, ack->issuer->holders, 1,
                         argv, 2 + ack->nusers, NULL, NULL);

    ngx_free(argv);
    ngx_free(ack);
}

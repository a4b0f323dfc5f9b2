/*
 * Claims: from the endpoint to Redis' verdict.
 *
 * fresh (collected in one turn, per coupon) -> script call -> answered, or
 * granted: on to the commit.  Where Redis has lost the coupon: -> waiting,
 * until it is loaded -> fresh again.
 *
 * While PostgreSQL cannot be reached, a claim that is to be acknowledged at its
 * commit is held back before Redis is asked, so that nobody gets a place
 * without being told; one probe at a time finds out whether it is back.
 */

#include "coupon/coupon_issuer.h"
#include "core/core_fault.h"
#include "core/core_time.h"


#define BB_COUPON_LOADS      5         /* in a row that did not help */
#define BB_COUPON_TICK       1000      /* ms, to look after late commits */

#define BB_COUPON_CALL_ARGS  7         /* keys, run id, today, coupon, records */


typedef struct {
    bb_coupon_issuer_t    *issuer;
    bb_coupon_t           *coupon;
    ngx_queue_t            claims;
    ngx_uint_t             n;
    ngx_msec_t             sent;
} bb_coupon_call_t;


static bb_coupon_t *bb_coupon_get(bb_coupon_issuer_t *issuer, int64_t id);
static void bb_coupon_fresh(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon,
    bb_coupon_claim_t *claim);
static void bb_coupon_pending(bb_coupon_issuer_t *issuer,
    bb_coupon_claim_t *claim);
static void bb_coupon_timer_handler(ngx_event_t *ev);
static void bb_coupon_take_dirty(bb_coupon_issuer_t *issuer,
    ngx_queue_t *dirty);
static void bb_coupon_flush_handler(ngx_event_t *ev);
static ngx_uint_t bb_coupon_gate(bb_coupon_issuer_t *issuer,
    bb_coupon_t *coupon);
static void bb_coupon_probe_done(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_coupon_send(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon);
static void bb_coupon_call_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static ngx_int_t bb_coupon_call_check(bb_coupon_call_t *call,
    redisReply *reply);
static void bb_coupon_call_status(bb_coupon_call_t *call, redisReply *reply);
static void bb_coupon_call_verdicts(bb_coupon_call_t *call,
    redisReply *reply);
static void bb_coupon_settle_queue(ngx_queue_t *claims,
    bb_coupon_verdict_e verdict);
static void bb_coupon_settle(bb_coupon_claim_t *claim,
    bb_coupon_verdict_e verdict);


void
bb_coupon_issue_init(bb_coupon_issuer_t *issuer)
{
    ngx_uint_t  i;

    for (i = 0; i < BB_COUPON_BUCKETS; i++) {
        ngx_queue_init(&issuer->coupons[i]);
    }

    ngx_queue_init(&issuer->dirty);
    ngx_queue_init(&issuer->pending);

    issuer->flush.handler = bb_coupon_flush_handler;
    issuer->flush.data = issuer;
    issuer->flush.log = issuer->log;

    issuer->timer.handler = bb_coupon_timer_handler;
    issuer->timer.data = issuer;
    issuer->timer.log = issuer->log;
}


void
bb_coupon_issue_destroy(bb_coupon_issuer_t *issuer)
{
    if (issuer->flush.posted) {
        ngx_delete_posted_event(&issuer->flush);
    }

    if (issuer->timer.timer_set) {
        ngx_del_timer(&issuer->timer);
    }
}


bb_coupon_claim_t *
bb_coupon_claim(bb_coupon_issuer_t *issuer, int64_t id, int64_t user,
    const ngx_str_t *nickname, const ngx_str_t *phone, bb_ack_e ack,
    ngx_msec_t timeout, bb_coupon_handler_pt handler, void *data)
{
    bb_coupon_t        *coupon;
    bb_coupon_claim_t  *claim;

    if (issuer->claims - issuer->nborrowed
        >= issuer->worker->conf->coupon_queue)
    {
        issuer->stat->rejected++;
        return NULL;
    }

    claim = bb_coupon_claim_create(issuer, user, bb_coupon_next_id(issuer),
                                   nickname, phone);
    if (claim == NULL) {
        return NULL;
    }

    coupon = bb_coupon_get(issuer, id);
    if (coupon == NULL) {
        bb_coupon_claim_free(claim);
        return NULL;
    }

    claim->ack = ack;
    claim->handler = handler;
    claim->data = data;
    claim->deadline = ngx_current_msec + timeout;

    bb_coupon_pending(issuer, claim);
    bb_coupon_fresh(issuer, coupon, claim);
    bb_coupon_arm(issuer);

    return claim;
}


void
bb_coupon_claim_forget(bb_coupon_claim_t *claim)
{
    claim->handler = NULL;
}


static bb_coupon_t *
bb_coupon_get(bb_coupon_issuer_t *issuer, int64_t id)
{
    ngx_queue_t  *bucket, *q;
    bb_coupon_t  *coupon;

    bucket = &issuer->coupons[(uint64_t) id % BB_COUPON_BUCKETS];

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        coupon = ngx_queue_data(q, bb_coupon_t, bucket);

        if (coupon->key.coupon == id) {
            return coupon;
        }
    }

    coupon = ngx_calloc(sizeof(bb_coupon_t), issuer->log);
    if (coupon == NULL) {
        return NULL;
    }

    bb_coupon_key_init(&coupon->key, id);
    ngx_queue_init(&coupon->fresh);
    ngx_queue_init(&coupon->waiting);
    ngx_queue_insert_head(bucket, &coupon->bucket);

    return coupon;
}


void
bb_coupon_release(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon)
{
    if (--coupon->users) {
        return;
    }

    if (coupon->is_dirty) {
        ngx_queue_remove(&coupon->dirty);
    }

    ngx_queue_remove(&coupon->bucket);
    ngx_free(coupon);
}


/* The claim becomes one of the coupon's users. */

static void
bb_coupon_fresh(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon,
    bb_coupon_claim_t *claim)
{
    claim->coupon = coupon;
    coupon->users++;

    ngx_queue_insert_tail(&coupon->fresh, &claim->queue);

    if (!coupon->is_dirty) {
        coupon->is_dirty = 1;
        ngx_queue_insert_tail(&issuer->dirty, &coupon->dirty);
    }

    ngx_post_event(&issuer->flush, &ngx_posted_events);
}


/* By deadline; a location with another timeout makes a short walk. */

static void
bb_coupon_pending(bb_coupon_issuer_t *issuer, bb_coupon_claim_t *claim)
{
    ngx_queue_t        *q;
    bb_coupon_claim_t  *other;

    for (q = ngx_queue_last(&issuer->pending);
         q != ngx_queue_sentinel(&issuer->pending);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, bb_coupon_claim_t, pending);

        if ((ngx_msec_int_t) (claim->deadline - other->deadline) >= 0) {
            break;
        }
    }

    ngx_queue_insert_after(q, &claim->pending);
    claim->is_pending = 1;
}


/*
 * The timer keeps an exiting worker alive while somebody waits for an answer or
 * a granted claim is not committed: it is cancelable only without claims.
 */

void
bb_coupon_arm(bb_coupon_issuer_t *issuer)
{
    ngx_msec_t          at;
    ngx_queue_t        *q;
    ngx_msec_int_t      wait;
    bb_coupon_claim_t  *claim;

    if (issuer->claims == 0) {
        return;
    }

    at = ngx_current_msec + BB_COUPON_TICK;

    if (!ngx_queue_empty(&issuer->pending)) {
        q = ngx_queue_head(&issuer->pending);
        claim = ngx_queue_data(q, bb_coupon_claim_t, pending);

        if ((ngx_msec_int_t) (claim->deadline - at) < 0) {
            at = claim->deadline;
        }
    }

    if (issuer->timer.timer_set
        && (ngx_msec_int_t) (issuer->timer.timer.key - at) <= 0)
    {
        return;
    }

    wait = (ngx_msec_int_t) (at - ngx_current_msec);

    ngx_add_timer(&issuer->timer, (ngx_msec_t) ngx_max(wait, 1));
}


static void
bb_coupon_timer_handler(ngx_event_t *ev)
{
    ngx_queue_t         *q;
    bb_coupon_t         *coupon;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;

    issuer = ev->data;

    while (!ngx_queue_empty(&issuer->pending)) {

        q = ngx_queue_head(&issuer->pending);
        claim = ngx_queue_data(q, bb_coupon_claim_t, pending);

        if ((ngx_msec_int_t) (claim->deadline - ngx_current_msec) > 0) {
            break;
        }

        ngx_queue_remove(&claim->pending);
        claim->is_pending = 0;

        if (claim->handler) {
            issuer->stat->late++;
            bb_coupon_claim_answer(claim, BB_COUPON_UNAVAILABLE);
        }

        coupon = claim->coupon;

        if (coupon && !claim->sent) {

            /* it has no place and gets none */

            ngx_queue_remove(&claim->queue);
            bb_coupon_claim_free(claim);
            bb_coupon_release(issuer, coupon);
        }
    }

    if (ngx_exiting && ngx_queue_empty(&issuer->pending)) {
        bb_coupon_commit_abandon(issuer);
    }

    bb_coupon_arm(issuer);
}


/* Moves the coupons with fresh claims to a queue of the caller's. */

static void
bb_coupon_take_dirty(bb_coupon_issuer_t *issuer, ngx_queue_t *dirty)
{
    ngx_queue_t  *q;

    ngx_queue_init(dirty);

    if (!ngx_queue_empty(&issuer->dirty)) {
        q = ngx_queue_head(&issuer->dirty);
        ngx_queue_split(&issuer->dirty, q, dirty);
    }
}


static void
bb_coupon_flush_handler(ngx_event_t *ev)
{
    ngx_queue_t          dirty, *q;
    bb_coupon_t         *coupon;
    bb_coupon_issuer_t  *issuer;

    issuer = ev->data;

    bb_coupon_take_dirty(issuer, &dirty);

    while (!ngx_queue_empty(&dirty)) {
        q = ngx_queue_head(&dirty);
        coupon = ngx_queue_data(q, bb_coupon_t, dirty);

        ngx_queue_remove(q);
        coupon->is_dirty = 0;

        if (bb_coupon_gate(issuer, coupon)) {
            /* the probe's end brings us back */
            coupon->is_dirty = 1;
            ngx_queue_insert_tail(&issuer->dirty, q);
            continue;
        }

        coupon->users++;

        while (!ngx_queue_empty(&coupon->fresh)) {
            bb_coupon_send(issuer, coupon);
        }

        bb_coupon_release(issuer, coupon);
    }

    bb_coupon_arm(issuer);
}


/* Whether the coupon's claims have to wait for PostgreSQL. */

static ngx_uint_t
bb_coupon_gate(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon)
{
    ngx_queue_t        *q;
    bb_postgres_t      *pg;
    bb_coupon_claim_t  *claim;

    pg = issuer->worker->postgres_issue;

    if (bb_postgres_state(pg) == BB_POSTGRES_UP
        || ngx_queue_empty(&coupon->fresh))
    {
        return 0;
    }

    q = ngx_queue_head(&coupon->fresh);
    claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

    if (claim->ack == BB_ACK_CLAIM) {
        return 0;
    }

    if (issuer->probe) {
        return 1;
    }

    issuer->probe = bb_postgres_call(pg, issuer->ready_statement, NULL, 0,
                                     bb_coupon_probe_done, issuer);

    /* a full queue: the claims go on and may end at their deadline */

    return issuer->probe != NULL;
}


static void
bb_coupon_probe_done(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_issuer_t  *issuer = data;

    ngx_queue_t   dirty, *q;
    bb_coupon_t  *coupon;

    issuer->probe = NULL;

    if (rc == BB_POSTGRES_OK || rc == BB_POSTGRES_ERROR) {
        ngx_post_event(&issuer->flush, &ngx_posted_events);
        bb_coupon_commit_retry(issuer);
        return;
    }

    bb_coupon_take_dirty(issuer, &dirty);

    while (!ngx_queue_empty(&dirty)) {
        q = ngx_queue_head(&dirty);
        coupon = ngx_queue_data(q, bb_coupon_t, dirty);

        ngx_queue_remove(q);
        coupon->is_dirty = 0;
        coupon->users++;

        bb_coupon_settle_queue(&coupon->fresh, BB_COUPON_UNAVAILABLE);

        bb_coupon_release(issuer, coupon);
    }

    bb_coupon_arm(issuer);
}


/* One script call for the first fresh claims of a coupon. */

static void
bb_coupon_send(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon)
{
    u_char             *p;
    u_char              claims[BB_COUPON_KEY_LEN];
    u_char              number[NGX_INT64_LEN];
    size_t              size;
    ngx_str_t           argv[BB_COUPON_CALL_ARGS + BB_COUPON_CALL_CLAIMS];
    ngx_uint_t          n, argc;
    ngx_queue_t        *q;
    bb_coupon_call_t   *call;
    bb_coupon_claim_t  *claim;

    size = 0;

    for (q = ngx_queue_head(&coupon->fresh), n = 0;
         q != ngx_queue_sentinel(&coupon->fresh) && n < BB_COUPON_CALL_CLAIMS;
         q = ngx_queue_next(q), n++)
    {
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);
        size += claim->record.len + sizeof(",\n") - 1;
    }

    call = ngx_alloc(sizeof(bb_coupon_call_t) + size, issuer->log);

    if (call == NULL) {
        q = ngx_queue_head(&coupon->fresh);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        ngx_queue_remove(q);
        bb_coupon_settle(claim, BB_COUPON_UNAVAILABLE);
        return;
    }

    call->issuer = issuer;
    call->coupon = coupon;
    call->n = 0;
    call->sent = ngx_current_msec;
    ngx_queue_init(&call->claims);

    bb_coupon_key_hash(&coupon->key, &argv[0]);
    bb_coupon_key_issued(&coupon->key, &argv[1]);
    bb_coupon_key_claims(&coupon->key, &argv[2], claims);
    bb_redis_set_run_id(&argv[3]);
    argv[4] = *bb_time_today();
    argv[5].data = number;
    argv[5].len = ngx_sprintf(number, "%L", coupon->key.coupon) - number;

    p = (u_char *) &call[1];
    argv[6].data = p;

    argc = BB_COUPON_CALL_ARGS;

    while (call->n < n) {
        q = ngx_queue_head(&coupon->fresh);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&call->claims, q);
        claim->sent = 1;
        call->n++;

        if (p > argv[6].data) {
            *p++ = ',';
            *p++ = '\n';
        }

        p = ngx_cpymem(p, claim->record.data, claim->record.len);
        argv[argc++] = claim->number;
    }

    argv[6].len = p - argv[6].data;

    coupon->users++;

    if (bb_redis_eval(issuer->worker->redis, issuer->issue, 3, argv, argc,
                      bb_coupon_call_done, call)
        == NULL)
    {
        bb_coupon_settle_queue(&call->claims, BB_COUPON_UNAVAILABLE);
        bb_coupon_release(issuer, coupon);
        ngx_free(call);
        return;
    }

    issuer->stat->calls++;
    issuer->stat->claims += call->n;
}


static void
bb_coupon_call_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_call_t  *call = data;

    bb_coupon_issuer_t  *issuer;

    issuer = call->issuer;

    if (rc == BB_REDIS_OK && reply->type == REDIS_REPLY_STATUS) {
        bb_coupon_call_status(call, reply);

    } else if (rc == BB_REDIS_OK && bb_coupon_call_check(call, reply) == NGX_OK)
    {
        bb_coupon_call_verdicts(call, reply);

    } else {

        if (rc == BB_REDIS_OK || rc == BB_REDIS_ERROR) {
            ngx_log_error(NGX_LOG_ERR, issuer->log, 0,
                          "bb_store coupon: %ui claims of coupon %L not "
                          "decided, Redis said: %s", call->n,
                          call->coupon->key.coupon,
                          rc == BB_REDIS_ERROR ? reply->str
                                               : "an unknown answer");
        }

        bb_coupon_settle_queue(&call->claims, BB_COUPON_UNAVAILABLE);
    }

    bb_coupon_release(issuer, call->coupon);
    ngx_free(call);

    bb_coupon_arm(issuer);
}


/* Whether a reply is verdicts as the script gives them. */

static ngx_int_t
bb_coupon_call_check(bb_coupon_call_t *call, redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY
        || (reply->elements != 3 && reply->elements != 5)
        || reply->element[0]->type != REDIS_REPLY_STRING
        || (ngx_uint_t) reply->element[0]->len != call->n
        || reply->element[1]->type != REDIS_REPLY_STRING
        || reply->element[2]->type != REDIS_REPLY_INTEGER)
    {
        return NGX_ERROR;
    }

    if (reply->elements == 5
        && (reply->element[3]->type != REDIS_REPLY_STRING
            || reply->element[4]->type != REDIS_REPLY_STRING))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* One word for all. */

static void
bb_coupon_call_status(bb_coupon_call_t *call, redisReply *reply)
{
    ngx_uint_t          i;
    ngx_queue_t        *q;
    bb_coupon_t        *coupon;
    bb_soldout_t       *soldout;
    bb_coupon_claim_t  *claim;

    static const struct {
        const char           *text;
        bb_coupon_verdict_e   verdict;
    } words[] = {
        { "DELETED", BB_COUPON_DELETED },
        { "EXPIRED", BB_COUPON_EXPIRED },
        { "NOT_STARTED", BB_COUPON_NOT_STARTED },
        { NULL, BB_COUPON_UNAVAILABLE }
    };

    if (ngx_strcmp(reply->str, "NOT_LOADED") == 0) {
        coupon = call->coupon;

        /* each claim stays a user of the coupon */

        while (!ngx_queue_empty(&call->claims)) {
            q = ngx_queue_head(&call->claims);
            claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

            ngx_queue_remove(q);

            if (!claim->is_pending || coupon->loads >= BB_COUPON_LOADS) {
                /* past its deadline, or another load would not help */
                bb_coupon_settle(claim, BB_COUPON_UNAVAILABLE);
                continue;
            }

            ngx_queue_insert_tail(&coupon->waiting, q);
            claim->sent = 0;
        }

        if (!ngx_queue_empty(&coupon->waiting)) {
            bb_coupon_load_start(call->issuer, coupon);
            return;
        }

        if (coupon->loads >= BB_COUPON_LOADS) {
            ngx_log_error(NGX_LOG_ERR, call->issuer->log, 0,
                          "bb_store coupon: coupon %L was loaded %ui times, "
                          "the issue script does not see it",
                          coupon->key.coupon, coupon->loads);
            coupon->loads = 0;
        }

        return;
    }

    soldout = &call->issuer->worker->conf->shm->soldout;

    if (bb_soldout_version(soldout, call->coupon->key.coupon)) {
        bb_soldout_clear(soldout, call->coupon->key.coupon);
    }

    for (i = 0; words[i].text; i++) {
        if (ngx_strcmp(reply->str, words[i].text) == 0) {
            break;
        }
    }

    bb_coupon_settle_queue(&call->claims, words[i].verdict);
}


/* A letter for each; what was granted goes on to the commit. */

static void
bb_coupon_call_verdicts(bb_coupon_call_t *call, redisReply *reply)
{
    char                *verdict;
    ngx_str_t            id, load;
    ngx_queue_t         *q;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;
    bb_coupon_intent_t  *intent;

    issuer = call->issuer;
    intent = NULL;
    call->coupon->loads = 0;

    if (reply->elements == 5) {
        bb_fault("claimed");

        id.data = (u_char *) reply->element[3]->str;
        id.len = reply->element[3]->len;
        load.data = (u_char *) reply->element[4]->str;
        load.len = reply->element[4]->len;

        /* without memory the sweep finds the entry */
        intent = bb_coupon_intent_create(call->coupon->key.coupon, &id, &load,
                                         call->n);
    }

    bb_coupon_soldout_learn(issuer, call->coupon->key.coupon,
                            strtoll(reply->element[1]->str, NULL, 10),
                            reply->element[2]->integer, call->sent);

    verdict = reply->element[0]->str;

    while (!ngx_queue_empty(&call->claims)) {

        q = ngx_queue_head(&call->claims);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        ngx_queue_remove(q);

        switch (*verdict++) {

        case 'I':
            issuer->stat->won++;

            if (claim->ack == BB_ACK_CLAIM) {
                bb_coupon_claim_answer(claim, BB_COUPON_ISSUED);
            }

            if (intent == NULL) {
                bb_coupon_settle(claim, BB_COUPON_UNAVAILABLE);
                continue;
            }

            bb_coupon_commit_add(issuer, claim, intent);
            bb_coupon_release(issuer, call->coupon);
            continue;

        case 'A':
            bb_coupon_settle(claim, BB_COUPON_ALREADY_ISSUED);
            continue;

        default:
            bb_coupon_settle(claim, BB_COUPON_SOLD_OUT);
            continue;
        }
    }

    if (intent) {
        bb_coupon_intent_release(intent);
    }
}


void
bb_coupon_settle_waiting(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon,
    bb_coupon_verdict_e verdict)
{
    bb_coupon_settle_queue(&coupon->waiting, verdict);
    bb_coupon_arm(issuer);
}


void
bb_coupon_resume(bb_coupon_issuer_t *issuer, bb_coupon_t *coupon)
{
    if (ngx_queue_empty(&coupon->waiting)) {
        return;
    }

    ngx_queue_add(&coupon->fresh, &coupon->waiting);
    ngx_queue_init(&coupon->waiting);

    if (!coupon->is_dirty) {
        coupon->is_dirty = 1;
        ngx_queue_insert_tail(&issuer->dirty, &coupon->dirty);
    }

    ngx_post_event(&issuer->flush, &ngx_posted_events);
}


/* All of a queue; its coupon has another user meanwhile. */

static void
bb_coupon_settle_queue(ngx_queue_t *claims, bb_coupon_verdict_e verdict)
{
    ngx_queue_t        *q;
    bb_coupon_claim_t  *claim;

    while (!ngx_queue_empty(claims)) {
        q = ngx_queue_head(claims);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        ngx_queue_remove(q);
        bb_coupon_settle(claim, verdict);
    }
}


/* The end of a claim that has no place, taken from its queue. */

static void
bb_coupon_settle(bb_coupon_claim_t *claim, bb_coupon_verdict_e verdict)
{
    bb_coupon_t         *coupon;
    bb_coupon_issuer_t  *issuer;

    coupon = claim->coupon;
    issuer = claim->issuer;

    bb_coupon_claim_answer(claim, verdict);
    bb_coupon_claim_free(claim);
    bb_coupon_release(issuer, coupon);
}

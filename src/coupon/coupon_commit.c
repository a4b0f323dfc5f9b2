/*
 * Committing granted claims to PostgreSQL.  What becomes of each is told by
 * coupon_intent.c.
 *
 * One batch is in flight; while it is, the next one gathers in the queue.  A
 * batch that fails for a passing reason goes back to the head of the queue and
 * is sent again (its rows know their claims, so a second time changes nothing).
 * One that fails for good because of a row is sent again in halves until that
 * row is alone; this claim is undone and becomes a dead letter.
 *
 * A batch waits 250 ms for a row that somebody has locked.  If it is of several
 * coupons it is sent again and then leaves out what it cannot lock; that is sent
 * as batches of one coupon (coupon_held.c).
 *
 * Where one worker commits for all (coupon_committer.c), its batches hold claims
 * that others have lent it.  These go back when a batch fails: only who has a
 * claim tries again, undoes it, or waits for a locked row.
 */

#include "coupon/coupon_committer.h"
#include "coupon/coupon_held.h"
#include "core/core_fault.h"
#include "core/core_query.h"
#include "postgres/postgres_param.h"


#define BB_COUPON_ARRAYS         5       /* parameters of issue_batch.sql */
#define BB_COUPON_BACKOFF_FIRST  50      /* ms */
#define BB_COUPON_BACKOFF_MAX    1000

/*
 * ms that claims which were answered already may wait for a larger batch: a row
 * of a batch of 1,000 costs PostgreSQL a third of one of a batch of 16
 */
#define BB_COUPON_LINGER         100


struct bb_coupon_batch_s {
    bb_coupon_issuer_t    *issuer;
    ngx_queue_t            claims;
    ngx_uint_t             n;
    bb_coupon_held_t      *held;       /* it is of this coupon alone, or NULL */
    unsigned               some:1;     /* leaves out what it cannot lock */
};


static void bb_coupon_post_handler(ngx_event_t *ev);
static ngx_int_t bb_coupon_batch_params(bb_coupon_batch_t *batch,
    bb_postgres_array_t *arrays, bb_postgres_param_t *params);
static void bb_coupon_batch_done(void *data, bb_postgres_rc_e rc,
    PGresult *res);
static void bb_coupon_batch_committed(bb_coupon_batch_t *batch,
    const char *verdicts);
static void bb_coupon_batch_failed(bb_coupon_batch_t *batch,
    bb_postgres_rc_e rc, PGresult *res);
static ngx_uint_t bb_coupon_batch_hold(bb_coupon_batch_t *batch,
    const char *verdicts);
static ngx_uint_t bb_coupon_batch_return(bb_coupon_batch_t *batch);
static ngx_uint_t bb_coupon_batch_locked(bb_coupon_batch_t *batch);
static void bb_coupon_batch_over(bb_coupon_batch_t *batch);
static void bb_coupon_batch_requeue(bb_coupon_batch_t *batch);
static void bb_coupon_batch_later(bb_coupon_issuer_t *issuer);
static void bb_coupon_batch_refused(bb_coupon_batch_t *batch, PGresult *res);
static void bb_coupon_retry_handler(ngx_event_t *ev);
static void bb_coupon_linger_handler(ngx_event_t *ev);
static void bb_coupon_enqueue(bb_coupon_issuer_t *issuer,
    bb_coupon_claim_t *claim, ngx_uint_t head);
static bb_coupon_claim_t *bb_coupon_dequeue(bb_coupon_issuer_t *issuer);
static void bb_coupon_batch_send(bb_coupon_issuer_t *issuer,
    bb_coupon_held_t *held);
static bb_coupon_batch_t *bb_coupon_batch_create(bb_coupon_issuer_t *issuer,
    bb_coupon_held_t *held);


void
bb_coupon_commit_init(bb_coupon_issuer_t *issuer)
{
    ngx_queue_init(&issuer->commit);
    bb_coupon_held_init(issuer);

    issuer->limit = issuer->worker->conf->coupon_batch;

    issuer->post.handler = bb_coupon_post_handler;
    issuer->post.data = issuer;
    issuer->post.log = issuer->log;

    issuer->retry.handler = bb_coupon_retry_handler;
    issuer->retry.data = issuer;
    issuer->retry.log = issuer->log;
    issuer->retry.cancelable = 1;

    issuer->linger.handler = bb_coupon_linger_handler;
    issuer->linger.data = issuer;
    issuer->linger.log = issuer->log;
}


void
bb_coupon_commit_destroy(bb_coupon_issuer_t *issuer)
{
    if (issuer->retry.timer_set) {
        ngx_del_timer(&issuer->retry);
    }

    if (issuer->linger.timer_set) {
        ngx_del_timer(&issuer->linger);
    }

    if (issuer->batch) {
        bb_coupon_batch_requeue(issuer->batch);
    }

    bb_coupon_commit_abandon(issuer);

    /* the others see the end; what this worker has lent is left */
    bb_coupon_committer_destroy(issuer);
    bb_coupon_commit_abandon(issuer);

    if (issuer->post.posted) {
        ngx_delete_posted_event(&issuer->post);
    }

    bb_coupon_held_destroy(issuer);
}


void
bb_coupon_commit_add(bb_coupon_issuer_t *issuer, bb_coupon_claim_t *claim,
    bb_coupon_intent_t *intent)
{
    if (claim->handler == NULL && intent->sweep == NULL
        && issuer->ncommit + issuer->nheld + issuer->nlent
           >= issuer->worker->conf->coupon_queue / 2)
    {
        /* nobody waits for it, and the intent log has it */
        intent->dropped = 1;
        bb_coupon_claim_free(claim);
        return;
    }

    claim->coupon = NULL;
    claim->coupon_id = intent->key.coupon;
    claim->intent = intent;
    claim->sent = 1;
    intent->left++;

    /* unless its user was told, and nobody else waits for it */
    claim->urgent = (claim->ack != BB_ACK_CLAIM || intent->sweep);

    bb_coupon_enqueue(issuer, claim, 0);
    issuer->stat->pending++;

    ngx_post_event(&issuer->post, &ngx_posted_events);
}


void
bb_coupon_commit_borrowed(bb_coupon_issuer_t *issuer, bb_coupon_claim_t *claim)
{
    if (issuer->retry.timer_set || ngx_exiting
        || issuer->nborrowed > issuer->worker->conf->coupon_queue
        || bb_postgres_state(issuer->worker->postgres_issue)
           != BB_POSTGRES_UP)
    {
        bb_coupon_borrowed_end(claim, BB_COUPON_RETURNED);
        return;
    }

    /* it has waited for others already */
    claim->urgent = 1;

    bb_coupon_enqueue(issuer, claim, 0);
    ngx_post_event(&issuer->post, &ngx_posted_events);
}


void
bb_coupon_commit_returned(bb_coupon_issuer_t *issuer, bb_coupon_claim_t *claim)
{
    bb_coupon_enqueue(issuer, claim, 0);
    ngx_post_event(&issuer->post, &ngx_posted_events);
}


static void
bb_coupon_enqueue(bb_coupon_issuer_t *issuer, bb_coupon_claim_t *claim,
    ngx_uint_t head)
{
    if (head) {
        ngx_queue_insert_head(&issuer->commit, &claim->queue);

    } else {
        ngx_queue_insert_tail(&issuer->commit, &claim->queue);
    }

    issuer->ncommit++;
    issuer->nurgent += claim->urgent;
}


static bb_coupon_claim_t *
bb_coupon_dequeue(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t        *q;
    bb_coupon_claim_t  *claim;

    q = ngx_queue_head(&issuer->commit);
    claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

    ngx_queue_remove(q);

    issuer->ncommit--;
    issuer->nurgent -= claim->urgent;

    return claim;
}


/* At the end of a turn: sends the next batch if none is under way. */

static void
bb_coupon_post_handler(ngx_event_t *ev)
{
    ngx_uint_t           ready;
    bb_coupon_held_t    *held;
    bb_coupon_issuer_t  *issuer;

    issuer = ev->data;

    if (issuer->retry.timer_set) {
        return;
    }

    ready = (issuer->ncommit > 0
             && (issuer->nurgent || issuer->ncommit >= issuer->limit
                 || ngx_exiting));

    if (ready && bb_coupon_lend(issuer)) {
        return;
    }

    if (issuer->batch) {
        return;
    }

    if (!ngx_queue_empty(&issuer->held)) {
        held = bb_coupon_held_due(issuer);

        /* in turn with the others */

        if (held && !(ready && issuer->after_held)) {
            bb_coupon_batch_send(issuer, held);
            return;
        }
    }

    if (ready) {
        bb_coupon_batch_send(issuer, NULL);
        return;
    }

    if (issuer->ncommit && !issuer->linger.timer_set) {
        ngx_add_timer(&issuer->linger, BB_COUPON_LINGER);
    }
}


static void
bb_coupon_linger_handler(ngx_event_t *ev)
{
    bb_coupon_issuer_t  *issuer;

    issuer = ev->data;

    if (issuer->retry.timer_set || issuer->ncommit == 0
        || bb_coupon_lend(issuer) || issuer->batch)
    {
        return;
    }

    bb_coupon_batch_send(issuer, NULL);
}


/* held: the coupon of a batch of one coupon; NULL: what is in the queue */

static void
bb_coupon_batch_send(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held)
{
    ngx_int_t             rc;
    ngx_uint_t            i;
    bb_coupon_batch_t    *batch;
    bb_postgres_call_t   *call;
    bb_postgres_array_t   arrays[BB_COUPON_ARRAYS];
    bb_postgres_param_t   params[BB_COUPON_ARRAYS];

    if (held == NULL && issuer->linger.timer_set) {
        ngx_del_timer(&issuer->linger);
    }

    batch = bb_coupon_batch_create(issuer, held);
    if (batch == NULL) {
        bb_coupon_batch_later(issuer);
        return;
    }

    bb_coupon_borrowed_flush(issuer);

    if (batch->n == 0) {
        /* all that was in the queue belongs to locked coupons */
        bb_coupon_batch_over(batch);
        ngx_post_event(&issuer->post, &ngx_posted_events);
        return;
    }

    issuer->batch = batch;
    ngx_memzero(arrays, sizeof(arrays));

    rc = bb_coupon_batch_params(batch, arrays, params);
    call = NULL;

    if (rc == NGX_OK) {
        call = bb_postgres_call(issuer->worker->postgres_issue,
                                batch->some ? issuer->some_statement
                                            : issuer->batch_statement,
                                params, BB_COUPON_ARRAYS,
                                bb_coupon_batch_done, batch);
    }

    for (i = 0; i < BB_COUPON_ARRAYS; i++) {
        bb_postgres_array_free(&arrays[i]);
    }

    if (call == NULL) {
        bb_coupon_batch_requeue(batch);
        bb_coupon_batch_later(issuer);
        return;
    }

    bb_fault_posted("batch_sent");
}


/* NULL: out of memory. */

static bb_coupon_batch_t *
bb_coupon_batch_create(bb_coupon_issuer_t *issuer, bb_coupon_held_t *held)
{
    bb_coupon_held_t   *other;
    bb_coupon_batch_t  *batch;
    bb_coupon_claim_t  *claim;

    batch = ngx_alloc(sizeof(bb_coupon_batch_t), issuer->log);
    if (batch == NULL) {
        return NULL;
    }

    batch->issuer = issuer;
    batch->held = held;
    batch->some = (held == NULL && issuer->waited);
    batch->n = 0;
    ngx_queue_init(&batch->claims);

    while (batch->n < issuer->limit) {

        if (held) {
            claim = bb_coupon_held_take(issuer, held);

        } else {
            claim = issuer->ncommit ? bb_coupon_dequeue(issuer) : NULL;
        }

        if (claim == NULL) {
            break;
        }

        if (held == NULL && !ngx_queue_empty(&issuer->held)) {
            other = bb_coupon_held_find(issuer, claim->coupon_id);

            if (other && claim->peer) {
                bb_coupon_borrowed_end(claim, BB_COUPON_RETURNED);
                continue;
            }

            if (other) {
                bb_coupon_held_put(issuer, other, claim, 0);
                issuer->stat->held++;
                continue;
            }
        }

        ngx_queue_insert_tail(&batch->claims, &claim->queue);
        batch->n++;
    }

    return batch;
}


static ngx_int_t
bb_coupon_batch_params(bb_coupon_batch_t *batch, bb_postgres_array_t *arrays,
    bb_postgres_param_t *params)
{
    size_t              nicknames, phones;
    ngx_log_t          *log;
    ngx_uint_t          i, n;
    ngx_queue_t        *q;
    bb_coupon_claim_t  *claim;

    log = batch->issuer->log;
    n = batch->n;
    nicknames = 0;
    phones = 0;

    for (q = ngx_queue_head(&batch->claims);
         q != ngx_queue_sentinel(&batch->claims);
         q = ngx_queue_next(q))
    {
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        nicknames += claim->nickname.len;
        phones += claim->phone.len;
    }

    if (bb_postgres_array_bigint(&arrays[0], NULL, log, n) != NGX_OK
        || bb_postgres_array_bigint(&arrays[1], NULL, log, n) != NGX_OK
        || bb_postgres_array_text(&arrays[2], NULL, log, n, nicknames)
           != NGX_OK
        || bb_postgres_array_text(&arrays[3], NULL, log, n, phones) != NGX_OK
        || bb_postgres_array_bigint(&arrays[4], NULL, log, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (q = ngx_queue_head(&batch->claims);
         q != ngx_queue_sentinel(&batch->claims);
         q = ngx_queue_next(q))
    {
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        bb_postgres_array_add_bigint(&arrays[0], claim->coupon_id);
        bb_postgres_array_add_bigint(&arrays[1], claim->user);
        bb_postgres_array_add_text(&arrays[2], claim->nickname.data,
                                   claim->nickname.len);
        bb_postgres_array_add_text(&arrays[3], claim->phone.data,
                                   claim->phone.len);
        bb_postgres_array_add_bigint(&arrays[4], claim->id);
    }

    for (i = 0; i < BB_COUPON_ARRAYS; i++) {
        if (bb_postgres_array_end(&arrays[i], &params[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
bb_coupon_batch_done(void *data, bb_postgres_rc_e rc, PGresult *res)
{
    bb_coupon_batch_t  *batch = data;

    const char          *verdicts;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;

    if (rc != BB_POSTGRES_OK) {
        bb_coupon_batch_failed(batch, rc, res);
        bb_coupon_arm(issuer);
        return;
    }

    bb_fault("committed");

    verdicts = PQgetvalue(res, 0, 0);

    if (*verdicts && ngx_strlen(verdicts) != batch->n) {
        ngx_log_error(NGX_LOG_ALERT, issuer->log, 0,
                      "bb_store coupon: issue_batch returned %uz verdicts for "
                      "%ui claims", ngx_strlen(verdicts), batch->n);
        bb_coupon_batch_requeue(batch);
        bb_coupon_batch_later(issuer);
        return;
    }

    bb_coupon_batch_committed(batch, verdicts);
    bb_coupon_arm(issuer);
}


static void
bb_coupon_batch_committed(bb_coupon_batch_t *batch, const char *verdicts)
{
    ngx_uint_t           n, bucket;
    ngx_queue_t         *q, intents, claims;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;
    issuer->backoff = 0;
    issuer->limit = ngx_min(issuer->limit * 2,
                            issuer->worker->conf->coupon_batch);

    n = batch->n - bb_coupon_batch_hold(batch, verdicts);

    issuer->stat->batches += (n > 0);
    issuer->stat->rows += n;

    for (bucket = 0;
         n > 1 && bucket < BB_SHM_BATCH_BUCKETS - 1;
         n >>= 1)
    {
        bucket++;
    }

    issuer->stat->sizes[bucket] += (n > 0);

    ngx_queue_init(&claims);

    if (!ngx_queue_empty(&batch->claims)) {
        ngx_queue_add(&claims, &batch->claims);
        ngx_queue_init(&batch->claims);
    }

    /* PostgreSQL works on the next batch while this one's users are told */

    if (batch->held) {
        batch->held->pause = 0;
    }

    bb_coupon_batch_over(batch);
    bb_coupon_post_handler(&issuer->post);

    ngx_queue_init(&intents);

    while (!ngx_queue_empty(&claims)) {
        q = ngx_queue_head(&claims);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        ngx_queue_remove(q);

        while (*verdicts == 'L') {
            verdicts++;
        }

        bb_coupon_decided(claim, *verdicts ? *verdicts++ : 'I', &intents);
    }

    bb_coupon_borrowed_flush(issuer);

    bb_fault("answered");

    bb_coupon_ack(issuer, &intents);
}


/* Claims whose coupon's row was locked: L; returns how many there are. */

static ngx_uint_t
bb_coupon_batch_hold(bb_coupon_batch_t *batch, const char *verdicts)
{
    ngx_uint_t           n;
    ngx_queue_t         *q, *next;
    bb_coupon_held_t    *held;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;
    n = 0;

    for (q = ngx_queue_head(&batch->claims);
         *verdicts && q != ngx_queue_sentinel(&batch->claims);
         q = next, verdicts++)
    {
        next = ngx_queue_next(q);

        if (*verdicts != 'L') {
            continue;
        }

        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);
        ngx_queue_remove(q);
        n++;

        if (claim->peer) {
            bb_coupon_borrowed_end(claim, BB_COUPON_RETURNED);
            continue;
        }

        held = bb_coupon_held_get(issuer, claim->coupon_id);

        if (held) {
            bb_coupon_held_put(issuer, held, claim, 0);

        } else {
            bb_coupon_enqueue(issuer, claim, 0);
        }
    }

    issuer->stat->held += n;

    return n;
}


/* What others have lent leaves the batch, and goes back to them; 0: nothing. */

static ngx_uint_t
bb_coupon_batch_return(bb_coupon_batch_t *batch)
{
    ngx_uint_t          n;
    ngx_queue_t        *q, *next;
    bb_coupon_claim_t  *claim;

    n = batch->n;

    if (batch->issuer->nborrowed == 0) {
        return 0;
    }

    for (q = ngx_queue_head(&batch->claims);
         q != ngx_queue_sentinel(&batch->claims);
         q = next)
    {
        next = ngx_queue_next(q);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        if (claim->peer) {
            ngx_queue_remove(q);
            batch->n--;
            bb_coupon_borrowed_end(claim, BB_COUPON_RETURNED);
        }
    }

    bb_coupon_borrowed_flush(batch->issuer);

    return n - batch->n;
}


/* The row of the batch's only coupon stayed locked; 0: it has several. */

static ngx_uint_t
bb_coupon_batch_locked(bb_coupon_batch_t *batch)
{
    int64_t              coupon;
    ngx_queue_t         *q;
    bb_coupon_held_t    *held;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;

    q = ngx_queue_head(&batch->claims);
    claim = ngx_queue_data(q, bb_coupon_claim_t, queue);
    coupon = claim->coupon_id;

    for ( /* void */ ; q != ngx_queue_sentinel(&batch->claims);
         q = ngx_queue_next(q))
    {
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        if (claim->coupon_id != coupon) {
            return 0;
        }
    }

    held = bb_coupon_held_get(issuer, coupon);
    if (held == NULL) {
        return 0;
    }

    if (batch->held == NULL) {
        issuer->stat->held += batch->n;
    }

    issuer->stat->retries++;
    batch->held = held;

    bb_coupon_batch_requeue(batch);
    bb_coupon_held_locked(issuer, held);

    ngx_post_event(&issuer->post, &ngx_posted_events);

    return 1;
}


/* The batch is in flight no more; its claims are elsewhere. */

static void
bb_coupon_batch_over(bb_coupon_batch_t *batch)
{
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;

    issuer->batch = NULL;
    issuer->after_held = (batch->held != NULL);

    if (batch->some) {
        issuer->waited = 0;
    }

    if (batch->held) {
        bb_coupon_held_release(batch->held);
    }

    ngx_free(batch);
}


static void
bb_coupon_batch_failed(bb_coupon_batch_t *batch, bb_postgres_rc_e rc,
    PGresult *res)
{
    const char          *state;
    ngx_uint_t           locked;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;

    state = (rc == BB_POSTGRES_ERROR) ? PQresultErrorField(res,
                                                           PG_DIAG_SQLSTATE)
                                      : NULL;

    /* lock_not_available, after the lock_timeout of the connection */
    locked = (state && ngx_strcmp(state, "55P03") == 0);

    if (!locked) {
        (void) bb_query_failure(issuer->log, issuer->batch_statement->name, rc,
                                res);
    }

    if (bb_coupon_batch_return(batch)
        && (rc == BB_POSTGRES_ERROR || batch->n == 0))
    {
        /* which claim it was is not known: what is left has a try of its own */

        issuer->stat->retries += (batch->n > 0);

        bb_coupon_batch_requeue(batch);
        ngx_post_event(&issuer->post, &ngx_posted_events);
        return;
    }

    if (locked) {

        if (bb_coupon_batch_locked(batch)) {
            return;
        }

        if (!batch->some) {
            /* of several coupons: the next one does not wait for them all */

            issuer->stat->retries++;
            issuer->waited = 1;

            bb_coupon_batch_requeue(batch);
            ngx_post_event(&issuer->post, &ngx_posted_events);
            return;
        }

        (void) bb_query_failure(issuer->log, issuer->batch_statement->name, rc,
                                res);
    }

    /* data exception, constraint violation, an exception of a trigger */

    if (state && (ngx_strncmp(state, "22", 2) == 0
                  || ngx_strncmp(state, "23", 2) == 0
                  || ngx_strncmp(state, "P0", 2) == 0))
    {
        if (batch->n == 1) {
            bb_coupon_batch_refused(batch, res);
            return;
        }

        issuer->stat->splits++;
        issuer->limit = batch->n / 2;

        bb_coupon_batch_requeue(batch);
        ngx_post_event(&issuer->post, &ngx_posted_events);
        return;
    }

    issuer->stat->retries++;

    bb_coupon_batch_requeue(batch);
    bb_coupon_batch_later(issuer);
}


/* The claims go back to the head of their queue, in their order. */

static void
bb_coupon_batch_requeue(bb_coupon_batch_t *batch)
{
    ngx_queue_t         *q;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;

    while (!ngx_queue_empty(&batch->claims)) {
        q = ngx_queue_last(&batch->claims);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);
        ngx_queue_remove(q);

        if (batch->held) {
            bb_coupon_held_put(issuer, batch->held, claim, 1);

        } else {
            bb_coupon_enqueue(issuer, claim, 1);
        }
    }

    bb_coupon_batch_over(batch);
}


static void
bb_coupon_batch_later(bb_coupon_issuer_t *issuer)
{
    ngx_msec_t  wait;

    issuer->backoff = ngx_min(ngx_max(issuer->backoff * 2,
                                      BB_COUPON_BACKOFF_FIRST),
                              BB_COUPON_BACKOFF_MAX);

    /* between a half and all of it */
    wait = issuer->backoff / 2;
    wait += ngx_random() % (wait + 1);

    ngx_add_timer(&issuer->retry, wait);
}


static void
bb_coupon_retry_handler(ngx_event_t *ev)
{
    bb_coupon_issuer_t  *issuer;

    issuer = ev->data;

    bb_coupon_post_handler(&issuer->post);
}


void
bb_coupon_commit_retry(bb_coupon_issuer_t *issuer)
{
    if (issuer->retry.timer_set) {
        ngx_del_timer(&issuer->retry);
        ngx_post_event(&issuer->post, &ngx_posted_events);
    }
}


/* The only claim of a batch can never be stored. */

static void
bb_coupon_batch_refused(bb_coupon_batch_t *batch, PGresult *res)
{
    const char          *reason;
    ngx_queue_t         *q;
    bb_coupon_claim_t   *claim;
    bb_coupon_issuer_t  *issuer;

    issuer = batch->issuer;

    q = ngx_queue_head(&batch->claims);
    claim = ngx_queue_data(q, bb_coupon_claim_t, queue);
    ngx_queue_remove(q);

    reason = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    if (bb_coupon_refuse(claim, reason ? reason : "refused by PostgreSQL")
        != NGX_OK)
    {
        ngx_queue_insert_head(&batch->claims, q);
        bb_coupon_batch_requeue(batch);
        bb_coupon_batch_later(issuer);
        return;
    }

    bb_coupon_batch_over(batch);
    ngx_post_event(&issuer->post, &ngx_posted_events);
}


void
bb_coupon_commit_abandon(bb_coupon_issuer_t *issuer)
{
    ngx_uint_t           n;
    bb_coupon_claim_t   *claim;
    bb_coupon_intent_t  *intent;

    n = 0;

    while (issuer->ncommit + issuer->nheld) {
        claim = issuer->ncommit ? bb_coupon_dequeue(issuer)
                                : bb_coupon_held_any(issuer);

        if (claim->peer) {
            bb_coupon_borrowed_end(claim, BB_COUPON_RETURNED);
            continue;
        }

        issuer->stat->pending--;
        n++;

        intent = claim->intent;

        bb_coupon_claim_free(claim);
        bb_coupon_intent_release(intent);
    }

    bb_coupon_borrowed_flush(issuer);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, issuer->log, 0,
                      "bb_store coupon: %ui granted claims are left to the "
                      "sweep", n);
    }
}

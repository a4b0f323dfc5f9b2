/*
 * The end of granted claims, in the entry of the intent log that names them.
 *
 * An entry's claims are committed, perhaps in several batches, and each is told
 * what became of it.  The entry keeps the users: those who hold the coupon, and
 * those whom PostgreSQL refused and who lose their place in Redis; and the dead
 * letters.  With its last claim it goes to the log's clean-up (coupon_ack.c),
 * which does all of it.
 */

#include "coupon/coupon_committer.h"


static void bb_coupon_intent_take(bb_coupon_intent_t *intent);
static void bb_coupon_undo(bb_coupon_claim_t *claim);
static void bb_coupon_settled(bb_coupon_claim_t *claim,
    bb_coupon_verdict_e verdict, ngx_queue_t *intents);


bb_coupon_intent_t *
bb_coupon_intent_create(int64_t coupon, const ngx_str_t *id,
    const ngx_str_t *load, ngx_uint_t n)
{
    u_char              *p;
    bb_coupon_intent_t  *intent;

    intent = ngx_alloc(sizeof(bb_coupon_intent_t) + n * sizeof(int64_t)
                       + id->len + load->len, ngx_cycle->log);
    if (intent == NULL) {
        return NULL;
    }

    ngx_memzero(intent, sizeof(bb_coupon_intent_t));

    bb_coupon_key_init(&intent->key, coupon);

    intent->left = 1;
    intent->n = n;
    intent->users = (int64_t *) &intent[1];

    p = (u_char *) &intent->users[n];

    intent->id.data = p;
    intent->id.len = id->len;
    p = ngx_cpymem(p, id->data, id->len);

    intent->load.data = p;
    intent->load.len = load->len;
    ngx_memcpy(p, load->data, load->len);

    return intent;
}


/* Its last claim brings it to the log's clean-up instead, see settled. */

void
bb_coupon_intent_release(bb_coupon_intent_t *intent)
{
    if (--intent->left == 0) {
        bb_coupon_intent_take(intent);
        bb_coupon_intent_free(intent);
    }
}


void
bb_coupon_intent_free(bb_coupon_intent_t *intent)
{
    bb_coupon_dead_t  *dead;

    while (intent->dead) {
        dead = intent->dead;
        intent->dead = dead->next;
        ngx_free(dead);
    }

    ngx_free(intent);
}


/* Out of the sweep's queue, if it is there. */

static void
bb_coupon_intent_take(bb_coupon_intent_t *intent)
{
    if (intent->aside) {
        intent->aside = 0;
        ngx_queue_remove(&intent->queue);
    }
}


void
bb_coupon_decided(bb_coupon_claim_t *claim, u_char letter,
    ngx_queue_t *intents)
{
    if (claim->peer) {
        bb_coupon_borrowed_end(claim, letter);
        return;
    }

    switch (letter) {

    case 'I':
        claim->intent->users[claim->intent->nusers++] = claim->user;
        bb_coupon_settled(claim, BB_COUPON_ISSUED, intents);
        break;

    case 'A':
        claim->intent->users[claim->intent->nusers++] = claim->user;
        bb_coupon_settled(claim, BB_COUPON_ALREADY_ISSUED, intents);
        break;

    case 'S':
        claim->intent->sold_out = 1;
        bb_coupon_undo(claim);
        bb_coupon_settled(claim, BB_COUPON_SOLD_OUT, intents);
        break;

    default:
        bb_coupon_undo(claim);
        bb_coupon_settled(claim, BB_COUPON_NOT_FOUND, intents);
        break;
    }
}


ngx_int_t
bb_coupon_refuse(bb_coupon_claim_t *claim, const char *reason)
{
    u_char              *p, number[NGX_INT64_LEN];
    ngx_int_t            rc;
    ngx_str_t            record, coupon;
    ngx_queue_t          intents;
    bb_coupon_issuer_t  *issuer;

    issuer = claim->issuer;

    p = ngx_alloc(claim->record.len + 2, issuer->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    record.data = p;
    *p++ = '[';
    p = ngx_cpymem(p, claim->record.data, claim->record.len);
    *p++ = ']';
    record.len = p - record.data;

    coupon.data = number;
    coupon.len = ngx_sprintf(number, "%L", claim->coupon_id) - number;

    rc = bb_coupon_dead(claim->intent, &coupon, &record, reason);

    ngx_free(record.data);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    bb_coupon_undo(claim);

    ngx_queue_init(&intents);
    bb_coupon_settled(claim, BB_COUPON_REFUSED, &intents);
    bb_coupon_ack(issuer, &intents);

    return NGX_OK;
}


ngx_int_t
bb_coupon_dead(bb_coupon_intent_t *intent, const ngx_str_t *coupon,
    const ngx_str_t *claims, const char *reason)
{
    u_char            *p;
    size_t             len;
    bb_coupon_dead_t  *dead;

    len = ngx_strlen(reason);

    dead = ngx_alloc(sizeof(bb_coupon_dead_t) + coupon->len + claims->len + len,
                     ngx_cycle->log);
    if (dead == NULL) {
        return NGX_ERROR;
    }

    p = (u_char *) &dead[1];

    dead->coupon.data = p;
    dead->coupon.len = coupon->len;
    p = ngx_cpymem(p, coupon->data, coupon->len);

    dead->claims.data = p;
    dead->claims.len = claims->len;
    p = ngx_cpymem(p, claims->data, claims->len);

    dead->reason.data = p;
    dead->reason.len = len;
    ngx_memcpy(p, reason, len);

    dead->next = intent->dead;
    intent->dead = dead;
    intent->ndead++;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "bb_store coupon: a claim of coupon %V cannot be stored, "
                  "it becomes a dead letter: %V", coupon, &dead->reason);

    return NGX_OK;
}


/*
 * PostgreSQL did not take the claim: its user loses the place in Redis when the
 * entry is acknowledged.
 */

static void
bb_coupon_undo(bb_coupon_claim_t *claim)
{
    bb_coupon_intent_t  *intent;

    intent = claim->intent;
    intent->nrefused++;
    intent->users[intent->n - intent->nrefused] = claim->user;

    claim->issuer->stat->undone++;

    if (claim->handler == NULL && claim->ack == BB_ACK_CLAIM
        && intent->sweep == NULL)
    {
        ngx_log_error(NGX_LOG_ERR, claim->issuer->log, 0,
                      "bb_store coupon: an acknowledged claim of coupon %L was "
                      "refused by PostgreSQL", intent->key.coupon);
    }
}


/* Answers and ends a claim; its entry joins intents when it was the last. */

static void
bb_coupon_settled(bb_coupon_claim_t *claim, bb_coupon_verdict_e verdict,
    ngx_queue_t *intents)
{
    bb_coupon_intent_t  *intent;

    intent = claim->intent;
    claim->issuer->stat->pending--;

    bb_coupon_claim_answer(claim, verdict);
    bb_coupon_claim_free(claim);

    if (--intent->left) {
        return;
    }

    bb_coupon_intent_take(intent);

    if (intent->dropped) {
        bb_coupon_intent_free(intent);
        return;
    }

    ngx_queue_insert_tail(intents, &intent->queue);
}

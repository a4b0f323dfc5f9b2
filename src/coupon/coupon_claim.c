/*
 * Claims as objects: their numbers, their memory, and whom they answer.
 *
 * A claim is one block: the struct, then its texts.  Blocks of the usual size
 * are kept for claims to come.
 */

#include "coupon/coupon_issuer.h"


#define BB_COUPON_TAG_BITS   10        /* a worker's part of a claim id */
#define BB_COUPON_SEQ_BITS   10


static bb_coupon_claim_t *bb_coupon_claim_alloc(bb_coupon_issuer_t *issuer,
    size_t size);


void
bb_coupon_claims_init(bb_coupon_issuer_t *issuer)
{
    ngx_queue_init(&issuer->free);

    issuer->tag = ngx_random() & ((1 << BB_COUPON_TAG_BITS) - 1);
}


void
bb_coupon_claims_destroy(bb_coupon_issuer_t *issuer)
{
    ngx_queue_t  *q;

    while (issuer->nfree) {
        q = ngx_queue_head(&issuer->free);
        ngx_queue_remove(q);
        issuer->nfree--;
        ngx_free(ngx_queue_data(q, bb_coupon_claim_t, queue));
    }
}


int64_t
bb_coupon_next_id(bb_coupon_issuer_t *issuer)
{
    int64_t      id;
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    id = (int64_t) tp->sec * 1000 + tp->msec;
    id = (id << BB_COUPON_TAG_BITS | issuer->tag) << BB_COUPON_SEQ_BITS;

    issuer->last_id = ngx_max(id, issuer->last_id + 1);

    return issuer->last_id;
}


bb_coupon_claim_t *
bb_coupon_claim_create(bb_coupon_issuer_t *issuer, int64_t user, int64_t id,
    const ngx_str_t *nickname, const ngx_str_t *phone)
{
    size_t              size, escaped;
    u_char             *p;
    bb_coupon_claim_t  *claim;

    escaped = nickname->len + phone->len
              + ngx_escape_json(NULL, nickname->data, nickname->len)
              + ngx_escape_json(NULL, phone->data, phone->len);

    size = nickname->len + 1 + phone->len + 1 + NGX_INT64_LEN
           + sizeof("[,\"\",\"\",]") + escaped + 2 * NGX_INT64_LEN;

    claim = bb_coupon_claim_alloc(issuer, sizeof(bb_coupon_claim_t) + size);
    if (claim == NULL) {
        return NULL;
    }

    claim->issuer = issuer;
    claim->user = user;
    claim->id = id;

    p = (u_char *) &claim[1];

    claim->nickname.data = p;
    claim->nickname.len = nickname->len;
    p = ngx_cpymem(p, nickname->data, nickname->len);
    *p++ = '\0';

    claim->phone.data = p;
    claim->phone.len = phone->len;
    p = ngx_cpymem(p, phone->data, phone->len);
    *p++ = '\0';

    claim->number.data = p;
    p = ngx_sprintf(p, "%L", user);
    claim->number.len = p - claim->number.data;

    claim->record.data = p;
    p = ngx_sprintf(p, "[%V,\"", &claim->number);
    p = (u_char *) ngx_escape_json(p, nickname->data, nickname->len);
    p = ngx_cpymem(p, "\",\"", 3);
    p = (u_char *) ngx_escape_json(p, phone->data, phone->len);
    p = ngx_sprintf(p, "\",%L]", id);
    claim->record.len = p - claim->record.data;

    issuer->claims++;
    issuer->timer.cancelable = 0;

    return claim;
}


static bb_coupon_claim_t *
bb_coupon_claim_alloc(bb_coupon_issuer_t *issuer, size_t size)
{
    ngx_queue_t        *q;
    bb_coupon_claim_t  *claim;

    if (size <= BB_COUPON_BLOCK && issuer->nfree) {
        q = ngx_queue_head(&issuer->free);
        claim = ngx_queue_data(q, bb_coupon_claim_t, queue);

        ngx_queue_remove(q);
        issuer->nfree--;

    } else {
        claim = ngx_alloc(ngx_max(size, BB_COUPON_BLOCK), issuer->log);
        if (claim == NULL) {
            return NULL;
        }
    }

    ngx_memzero(claim, sizeof(bb_coupon_claim_t));

    claim->small = (size <= BB_COUPON_BLOCK);

    return claim;
}


void
bb_coupon_claim_free(bb_coupon_claim_t *claim)
{
    bb_coupon_issuer_t  *issuer;

    issuer = claim->issuer;

    if (claim->is_pending) {
        ngx_queue_remove(&claim->pending);
    }

    issuer->claims--;
    issuer->timer.cancelable = (issuer->claims == 0);

    if (claim->small && issuer->nfree != BB_COUPON_BLOCKS) {
        /* at the head: the one that the processor's cache still has */
        ngx_queue_insert_head(&issuer->free, &claim->queue);
        issuer->nfree++;
        return;
    }

    ngx_free(claim);
}


void
bb_coupon_claim_answer(bb_coupon_claim_t *claim, bb_coupon_verdict_e verdict)
{
    bb_coupon_handler_pt  handler;

    handler = claim->handler;

    if (handler) {
        claim->handler = NULL;
        handler(claim->data, verdict);
    }
}

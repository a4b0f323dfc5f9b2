/*
 * The sweep: entries that stay in the intent log, because a worker died or
 * PostgreSQL was away, are committed like any other claim.
 *
 * One round walks the partitions.  In each it takes the late entries, some at a
 * time under a lease, waits until they are settled, and goes on behind them.  It
 * does not wait for those of a coupon that is locked; later rounds pass them by
 * until they are settled.
 */

#include "coupon/coupon_issuer.h"
#include "core/core_fault.h"
#include "core/core_jansson.h"


#define BB_COUPON_SWEEP_ENTRIES  50
#define BB_COUPON_SWEEP_LEASE    "3000"     /* ms */
#define BB_COUPON_SWEEP_PAUSE    500        /* ms between rounds, at least */


struct bb_coupon_sweep_s {
    bb_coupon_issuer_t    *issuer;
    ngx_event_t            timer;
    ngx_uint_t             partition;
    ngx_uint_t             left;       /* entries not settled */
    ngx_queue_t            aside;      /* intents of locked coupons */

    ngx_str_t              from;       /* the next entries: "-" or "(id" */
    u_char                 from_text[2 * NGX_INT64_LEN + sizeof("(-") - 1];

    ngx_str_t              id;         /* names the holder of the lease */
    u_char                 id_text[NGX_INT64_LEN];
};


static void bb_coupon_sweep_handler(ngx_event_t *ev);
static void bb_coupon_sweep_later(bb_coupon_sweep_t *sweep);
static void bb_coupon_sweep_next(bb_coupon_sweep_t *sweep);
static void bb_coupon_sweep_done(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_coupon_sweep_from(bb_coupon_sweep_t *sweep, redisReply *id);
static ngx_int_t bb_coupon_sweep_check(bb_coupon_sweep_t *sweep,
    redisReply *entry);
static ngx_uint_t bb_coupon_sweep_has(bb_coupon_sweep_t *sweep,
    int64_t coupon, ngx_str_t *id);
static void bb_coupon_sweep_entry(bb_coupon_sweep_t *sweep,
    redisReply *entry);
static ngx_int_t bb_coupon_sweep_claims(bb_coupon_sweep_t *sweep,
    int64_t coupon, ngx_str_t *id, json_t *claims);
static void bb_coupon_sweep_bad(bb_coupon_sweep_t *sweep, redisReply *entry);
static void bb_coupon_sweep_field(redisReply *fields, size_t i,
    ngx_str_t *value);


bb_coupon_sweep_t *
bb_coupon_sweep_create(bb_coupon_issuer_t *issuer)
{
    bb_coupon_sweep_t  *sweep;

    sweep = ngx_calloc(sizeof(bb_coupon_sweep_t), issuer->log);
    if (sweep == NULL) {
        return NULL;
    }

    sweep->issuer = issuer;
    sweep->timer.handler = bb_coupon_sweep_handler;
    sweep->timer.data = sweep;
    sweep->timer.log = issuer->log;
    sweep->timer.cancelable = 1;

    ngx_queue_init(&sweep->aside);

    sweep->id.data = sweep->id_text;
    sweep->id.len = ngx_sprintf(sweep->id_text, "%xL",
                                bb_coupon_next_id(issuer)) - sweep->id_text;

    bb_coupon_sweep_later(sweep);

    return sweep;
}


void
bb_coupon_sweep_destroy(bb_coupon_sweep_t *sweep)
{
    if (sweep->timer.timer_set) {
        ngx_del_timer(&sweep->timer);
    }

    ngx_free(sweep);
}


static void
bb_coupon_sweep_later(bb_coupon_sweep_t *sweep)
{
    ngx_msec_t  pause;

    pause = sweep->issuer->worker->conf->sweep / 4;

    ngx_add_timer(&sweep->timer, ngx_max(pause, BB_COUPON_SWEEP_PAUSE));
}


static void
bb_coupon_sweep_handler(ngx_event_t *ev)
{
    bb_coupon_sweep_t  *sweep;

    sweep = ev->data;

    if (ngx_exiting) {
        return;
    }

    /* what cannot be committed now need not be taken up a second time */

    if (sweep->issuer->backoff
        || bb_postgres_state(sweep->issuer->worker->postgres_issue)
           != BB_POSTGRES_UP
        || bb_redis_state(sweep->issuer->worker->redis) != BB_REDIS_UP)
    {
        bb_coupon_sweep_later(sweep);
        return;
    }

    sweep->partition = 0;
    bb_coupon_sweep_from(sweep, NULL);
    bb_coupon_sweep_next(sweep);
}


/* Goes on behind that entry, or with the first one. */

static void
bb_coupon_sweep_from(bb_coupon_sweep_t *sweep, redisReply *id)
{
    u_char  *p;

    p = sweep->from_text;

    if (id) {
        *p++ = '(';
        p = ngx_cpymem(p, id->str, id->len);

    } else {
        *p++ = '-';
    }

    sweep->from.data = sweep->from_text;
    sweep->from.len = p - sweep->from_text;
}


static void
bb_coupon_sweep_next(bb_coupon_sweep_t *sweep)
{
    u_char               age[NGX_INT64_LEN], count[NGX_INT64_LEN];
    u_char               claims[2][BB_COUPON_KEY_LEN];
    ngx_str_t            argv[7];
    bb_coupon_issuer_t  *issuer;

    issuer = sweep->issuer;

    if (sweep->partition == BB_COUPON_PARTITIONS || ngx_exiting) {
        bb_coupon_sweep_later(sweep);
        return;
    }

    bb_coupon_key_partition(sweep->partition, "", &argv[0], claims[0]);
    bb_coupon_key_partition(sweep->partition, ":sweep", &argv[1], claims[1]);

    argv[2].data = age;
    argv[2].len = ngx_sprintf(age, "%M", issuer->worker->conf->sweep) - age;
    argv[3].data = count;
    argv[3].len = ngx_sprintf(count, "%d", BB_COUPON_SWEEP_ENTRIES) - count;
    argv[4] = sweep->id;
    ngx_str_set(&argv[5], BB_COUPON_SWEEP_LEASE);
    argv[6] = sweep->from;

    if (bb_redis_eval(issuer->worker->redis, issuer->late, 2, argv, 7,
                      bb_coupon_sweep_done, sweep)
        == NULL)
    {
        bb_coupon_sweep_later(sweep);
    }
}


static void
bb_coupon_sweep_done(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_coupon_sweep_t  *sweep = data;

    size_t  i;

    if (rc != BB_REDIS_OK || reply->type != REDIS_REPLY_ARRAY) {

        if (rc == BB_REDIS_ERROR) {
            ngx_log_error(NGX_LOG_ERR, sweep->issuer->log, 0,
                          "bb_store coupon: sweep failed, Redis said: %s",
                          reply->str);
        }

        bb_coupon_sweep_later(sweep);
        return;
    }

    if (reply->elements == 0) {
        sweep->partition++;
        bb_coupon_sweep_from(sweep, NULL);
        bb_coupon_sweep_next(sweep);
        return;
    }

    for (i = 0; i < reply->elements; i++) {
        if (bb_coupon_sweep_check(sweep, reply->element[i]) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, sweep->issuer->log, 0,
                          "bb_store coupon: sweep failed, Redis gave an "
                          "unknown answer");
            bb_coupon_sweep_later(sweep);
            return;
        }
    }

    bb_coupon_sweep_from(sweep,
                         reply->element[reply->elements - 1]->element[0]);

    bb_fault("sweep");

    /* one for this function, so that it is not settled in between */
    sweep->left = 1;

    for (i = 0; i < reply->elements; i++) {
        bb_coupon_sweep_entry(sweep, reply->element[i]);
    }

    bb_coupon_arm(sweep->issuer);
    bb_coupon_sweep_settled(sweep);
}


/* Entries as XRANGE gives them, of any fields. */

static ngx_int_t
bb_coupon_sweep_check(bb_coupon_sweep_t *sweep, redisReply *entry)
{
    size_t       i;
    redisReply  *fields;

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2
        || entry->element[0]->type != REDIS_REPLY_STRING
        || entry->element[0]->len >= sizeof(sweep->from_text)
        || entry->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return NGX_ERROR;
    }

    fields = entry->element[1];

    for (i = 0; i < fields->elements; i++) {
        if (fields->element[i]->type != REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The claims stay in the queue of their coupon. */

void
bb_coupon_sweep_aside(bb_coupon_intent_t *intent)
{
    bb_coupon_sweep_t  *sweep;

    sweep = intent->sweep;

    intent->sweep = NULL;
    intent->aside = 1;
    ngx_queue_insert_tail(&sweep->aside, &intent->queue);

    bb_coupon_sweep_settled(sweep);
}


static ngx_uint_t
bb_coupon_sweep_has(bb_coupon_sweep_t *sweep, int64_t coupon, ngx_str_t *id)
{
    ngx_queue_t         *q;
    bb_coupon_intent_t  *intent;

    for (q = ngx_queue_head(&sweep->aside);
         q != ngx_queue_sentinel(&sweep->aside);
         q = ngx_queue_next(q))
    {
        intent = ngx_queue_data(q, bb_coupon_intent_t, queue);

        if (intent->key.coupon == coupon && intent->id.len == id->len
            && ngx_memcmp(intent->id.data, id->data, id->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


void
bb_coupon_sweep_settled(bb_coupon_sweep_t *sweep)
{
    if (--sweep->left == 0) {
        bb_coupon_sweep_next(sweep);
    }
}


/* entry: { id, { "coupon", id, "claims", JSON } } */

static void
bb_coupon_sweep_entry(bb_coupon_sweep_t *sweep, redisReply *entry)
{
    char        *end;
    json_t      *claims;
    int64_t      coupon;
    ngx_int_t    rc;
    ngx_str_t    id, text;
    redisReply  *fields;

    fields = entry->element[1];

    if (fields->elements < 4) {
        bb_coupon_sweep_bad(sweep, entry);
        return;
    }

    id.data = (u_char *) entry->element[0]->str;
    id.len = entry->element[0]->len;

    bb_coupon_sweep_field(fields, 3, &text);

    coupon = strtoll(fields->element[1]->str, &end, 10);

    if (bb_coupon_sweep_has(sweep, coupon, &id)) {
        return;
    }

    rc = bb_jansson_load(text.data, text.len, 0, &claims);

    if (rc == NGX_OK) {

        /* of another partition: it would be acknowledged in another log */

        if (*end == '\0'
            && (uint64_t) coupon % BB_COUPON_PARTITIONS == sweep->partition
            && json_is_array(claims) && json_array_size(claims) > 0)
        {
            rc = bb_coupon_sweep_claims(sweep, coupon, &id, claims);

        } else {
            rc = NGX_DECLINED;
        }
    }

    json_decref(claims);

    if (rc == NGX_DECLINED) {
        bb_coupon_sweep_bad(sweep, entry);
    }
}


/* NGX_DECLINED: not claims; NGX_ERROR: out of memory, later. */

static ngx_int_t
bb_coupon_sweep_claims(bb_coupon_sweep_t *sweep, int64_t coupon, ngx_str_t *id,
    json_t *claims)
{
    size_t               i;
    json_t              *record, *user, *nickname, *phone, *number;
    ngx_str_t            texts[2], load;
    bb_coupon_claim_t   *claim;
    bb_coupon_intent_t  *intent;

    for (i = 0; i < json_array_size(claims); i++) {
        record = json_array_get(claims, i);

        if (!json_is_integer(json_array_get(record, 0))
            || !json_is_string(json_array_get(record, 1))
            || !json_is_string(json_array_get(record, 2))
            || !json_is_integer(json_array_get(record, 3)))
        {
            return NGX_DECLINED;
        }
    }

    /* the set that granted it is not known: its holders are looked after */
    ngx_str_set(&load, "");

    intent = bb_coupon_intent_create(coupon, id, &load,
                                     json_array_size(claims));
    if (intent == NULL) {
        return NGX_ERROR;
    }

    intent->sweep = sweep;

    for (i = 0; i < json_array_size(claims); i++) {
        record = json_array_get(claims, i);

        user = json_array_get(record, 0);
        nickname = json_array_get(record, 1);
        phone = json_array_get(record, 2);
        number = json_array_get(record, 3);

        texts[0].data = (u_char *) json_string_value(nickname);
        texts[0].len = json_string_length(nickname);
        texts[1].data = (u_char *) json_string_value(phone);
        texts[1].len = json_string_length(phone);

        claim = bb_coupon_claim_create(sweep->issuer,
                                       json_integer_value(user),
                                       json_integer_value(number),
                                       &texts[0], &texts[1]);
        if (claim == NULL) {
            /* the entry stays; the rest of it is replayed */
            intent->dropped = 1;
            break;
        }

        bb_coupon_commit_add(sweep->issuer, claim, intent);
    }

    if (intent->left > 1 && !intent->dropped) {
        sweep->left++;
        sweep->issuer->stat->swept++;

    } else {
        intent->sweep = NULL;
    }

    bb_coupon_intent_release(intent);

    return NGX_OK;
}


/*
 * An entry that nobody can read leaves the log for the dead letters: as one of
 * no claims, with the keys of some coupon of the partition.
 */

static void
bb_coupon_sweep_bad(bb_coupon_sweep_t *sweep, redisReply *entry)
{
    ngx_str_t            id, load, coupon, claims;
    ngx_queue_t          intents;
    bb_coupon_intent_t  *intent;

    id.data = (u_char *) entry->element[0]->str;
    id.len = entry->element[0]->len;
    ngx_str_set(&load, "");

    bb_coupon_sweep_field(entry->element[1], 1, &coupon);
    bb_coupon_sweep_field(entry->element[1], 3, &claims);

    intent = bb_coupon_intent_create(sweep->partition, &id, &load, 0);

    if (intent == NULL) {
        return;
    }

    if (bb_coupon_dead(intent, &coupon, &claims, "not a log entry of claims")
        != NGX_OK)
    {
        bb_coupon_intent_free(intent);
        return;
    }

    ngx_queue_init(&intents);
    ngx_queue_insert_tail(&intents, &intent->queue);

    bb_coupon_ack(sweep->issuer, &intents);
}


/* An entry's i-th name or value; it stays in the reply.  Empty: none. */

static void
bb_coupon_sweep_field(redisReply *fields, size_t i, ngx_str_t *value)
{
    ngx_str_set(value, "");

    if (i < fields->elements) {
        value->data = (u_char *) fields->element[i]->str;
        value->len = fields->element[i]->len;
    }
}

/*
 * /ops/status: what all workers are doing, summed and one by one, and the state
 * of the intent log.  Counters count since the shared zone was made.
 */

#include "ops/ops_handler.h"
#include "shm/shm_zone.h"


#define BB_OPS_PARTITIONS  64      /* of the intent log */


static void bb_ops_status_redis(void *data, bb_redis_rc_e rc,
    redisReply *reply);
static void bb_ops_status_done(bb_ops_t *ops);
static json_t *bb_ops_status_worker(bb_shm_state_t *state,
    bb_shm_worker_t *slot);
static json_t *bb_ops_status_postgres(bb_postgres_stat_t *stat);
static json_t *bb_ops_status_requests(bb_shm_state_t *state);
static json_t *bb_ops_status_coupon(bb_shm_state_t *state);
static json_t *bb_ops_status_question(bb_shm_state_t *state);
static json_t *bb_ops_status_audit(bb_shm_state_t *state);
static json_t *bb_ops_status_breakers(ngx_bb_store_main_conf_t *conf);
static json_t *bb_ops_status_numbers(const bb_breaker_conf_t *conf);
static json_t *bb_ops_status_log(bb_ops_t *ops);


void
bb_ops_status(bb_ops_t *ops)
{
    u_char              name[2][sizeof("{bb:63}:claims:dead")];
    ngx_str_t           argv[2];
    ngx_uint_t          i;
    bb_redis_script_t  *script;

    script = bb_redis_script_find(ops->worker->conf->scripts, "claims_status");

    ops->done = bb_ops_status_done;
    ops->left = BB_OPS_PARTITIONS + 1;

    for (i = 0; i < BB_OPS_PARTITIONS; i++) {

        argv[0].data = name[0];
        argv[0].len = ngx_sprintf(name[0], "{bb:%ui}:claims", i) - name[0];
        argv[1].data = name[1];
        argv[1].len = ngx_sprintf(name[1], "{bb:%ui}:claims:dead", i)
                      - name[1];

        ops->redis[i] = bb_redis_eval(ops->worker->redis, script, 2, argv, 2,
                                      bb_ops_status_redis, ops);
        if (ops->redis[i] == NULL) {
            ops->redis_failure = "queue full";
            ops->left--;
        }
    }

    bb_ops_call_done(ops);
}


static void
bb_ops_status_redis(void *data, bb_redis_rc_e rc, redisReply *reply)
{
    bb_ops_t  *ops = data;

    ngx_uint_t  i;

    /* one connection answers in order */

    for (i = 0; ops->redis[i] == NULL; i++) { /* void */ }

    ops->redis[i] = NULL;

    if (rc == BB_REDIS_OK && reply->type == REDIS_REPLY_ARRAY
        && reply->elements == 3)
    {
        ops->entries += reply->element[0]->integer;
        ops->oldest = ngx_max(ops->oldest, reply->element[1]->integer);
        ops->dead += reply->element[2]->integer;

    } else if (rc == BB_REDIS_ERROR) {
        ops->redis_failure = "refused by Redis";

    } else {
        ops->redis_failure = "Redis does not answer";
    }

    bb_ops_call_done(ops);
}


static void
bb_ops_status_done(bb_ops_t *ops)
{
    json_t           *json, *workers;
    ngx_uint_t        i;
    bb_shm_state_t   *state;
    bb_shm_worker_t  *slot;

    state = ops->worker->conf->shm->state;

    workers = json_array();

    for (i = 0; i < BB_SHM_WORKERS; i++) {
        slot = &state->workers[i];

        if (bb_shm_alive(slot)
            && json_array_append_new(workers, bb_ops_status_worker(state, slot))
               != 0)
        {
            json_decref(workers);
            bb_ops_reply(ops->r, NGX_HTTP_OK, NULL);
            return;
        }
    }

    json = json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "started", (json_int_t) state->started,
                     "now", (json_int_t) ngx_time(),
                     "requests", bb_ops_status_requests(state),
                     "coupon", bb_ops_status_coupon(state),
                     "intent_log", bb_ops_status_log(ops),
                     "question", bb_ops_status_question(state),
                     "audit", bb_ops_status_audit(state),
                     "breakers", bb_ops_status_breakers(ops->worker->conf),
                     "workers", workers);

    bb_ops_reply(ops->r, NGX_HTTP_OK, json);
}


static json_t *
bb_ops_status_worker(bb_shm_state_t *state, bb_shm_worker_t *slot)
{
    static const char  *states[] = { "down", "connecting", "up" };

    return json_pack("{s:I, s:I, s:b, s:b, s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I,"
                     " s:I, s:I}, s:o, s:o, s:o, s:I}",
                     "pid", (json_int_t) slot->pid,
                     "started", (json_int_t) slot->started,
                     "exiting", slot->generation != state->generation,
                     "committer", (int) slot->committer,
                     "redis",
                     "state", states[slot->redis.state % 3],
                     "in_flight", (json_int_t) slot->redis.in_flight,
                     "connects", (json_int_t) slot->redis.connects,
                     "failures", (json_int_t) slot->redis.failures,
                     "calls", (json_int_t) slot->redis.calls,
                     "writes", (json_int_t) slot->redis.writes,
                     "errors", (json_int_t) slot->redis.errors,
                     "timeouts", (json_int_t) slot->redis.timeouts,
                     "rejected", (json_int_t) slot->redis.rejected,
                     "postgres", bb_ops_status_postgres(&slot->postgres),
                     "postgres_write",
                     bb_ops_status_postgres(&slot->postgres_write),
                     "postgres_issue",
                     bb_ops_status_postgres(&slot->postgres_issue),
                     "pending_claims", (json_int_t) slot->coupon.pending);
}


static json_t *
bb_ops_status_postgres(bb_postgres_stat_t *stat)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "up", (json_int_t) stat->up,
                     "in_flight", (json_int_t) stat->in_flight,
                     "connects", (json_int_t) stat->connects,
                     "failures", (json_int_t) stat->failures,
                     "calls", (json_int_t) stat->calls,
                     "errors", (json_int_t) stat->errors,
                     "timeouts", (json_int_t) stat->timeouts,
                     "rejected", (json_int_t) stat->rejected);
}


static json_t *
bb_ops_status_requests(bb_shm_state_t *state)
{
    json_int_t  sums[BB_OUTCOMES];
    ngx_uint_t  i, n;

    ngx_memzero(sums, sizeof(sums));

    for (i = 0; i < BB_SHM_WORKERS; i++) {
        for (n = 0; n < BB_OUTCOMES; n++) {
            sums[n] += state->workers[i].requests[n];
        }
    }

    return json_pack("{s:I, s:I, s:I, s:I, s:I}",
                     "success", sums[BB_OUTCOME_SUCCESS],
                     "fail", sums[BB_OUTCOME_FAIL],
                     "invalid", sums[BB_OUTCOME_INVALID],
                     "unavailable", sums[BB_OUTCOME_UNAVAILABLE],
                     "error", sums[BB_OUTCOME_ERROR]);
}


static json_t *
bb_ops_status_coupon(bb_shm_state_t *state)
{
    char                name[32];
    json_t             *sizes;
    ngx_uint_t          i, n;
    bb_coupon_stat_t   *stat, sum;
    ngx_atomic_uint_t  *from, *to;

    /* every member is one counter */

    ngx_memzero(&sum, sizeof(sum));

    for (i = 0; i < BB_SHM_WORKERS; i++) {
        stat = &state->workers[i].coupon;
        from = (ngx_atomic_uint_t *) stat;
        to = (ngx_atomic_uint_t *) &sum;

        for (n = 0; n < sizeof(sum) / sizeof(ngx_atomic_uint_t); n++) {
            to[n] += from[n];
        }
    }

    sizes = json_object();

    for (i = 0; i < BB_SHM_BATCH_BUCKETS; i++) {
        n = 1 << i;

        if (i == 0) {
            (void) ngx_sprintf((u_char *) name, "1%Z");

        } else if (i == BB_SHM_BATCH_BUCKETS - 1) {
            (void) ngx_sprintf((u_char *) name, "%ui+%Z", n);

        } else {
            (void) ngx_sprintf((u_char *) name, "%ui-%ui%Z", n, 2 * n - 1);
        }

        if (json_object_set_new(sizes, name, json_integer(sum.sizes[i])) != 0)
        {
            json_decref(sizes);
            return NULL;
        }
    }

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
                     " s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                     "claims", (json_int_t) sum.claims,
                     "script_calls", (json_int_t) sum.calls,
                     "won", (json_int_t) sum.won,
                     "pending", (json_int_t) sum.pending,
                     "rejected", (json_int_t) sum.rejected,
                     "known_sold_out", (json_int_t) sum.known,
                     "learned", (json_int_t) sum.learned,
                     "late", (json_int_t) sum.late,
                     "loads", (json_int_t) sum.loads,
                     "batches", (json_int_t) sum.batches,
                     "rows", (json_int_t) sum.rows,
                     "retries", (json_int_t) sum.retries,
                     "held", (json_int_t) sum.held,
                     "lent", (json_int_t) sum.lent,
                     "returned", (json_int_t) sum.returned,
                     "splits", (json_int_t) sum.splits,
                     "undone", (json_int_t) sum.undone,
                     "dead_letters", (json_int_t) sum.dead,
                     "swept", (json_int_t) sum.swept,
                     "batch_sizes", sizes);
}


static json_t *
bb_ops_status_question(bb_shm_state_t *state)
{
    ngx_uint_t            i;
    json_int_t            asked, found, dead;
    bb_question_stat_t   *stat;

    asked = 0;
    found = 0;
    dead = 0;

    for (i = 0; i < BB_SHM_WORKERS; i++) {
        stat = &state->workers[i].question;
        asked += stat->asked;
        found += stat->found;
        dead += stat->dead;
    }

    return json_pack("{s:I, s:I, s:I}", "numbers_asked", asked,
                     "numbers_found", found, "dead_letters", dead);
}


/* The last look at all live coupons. */

static json_t *
bb_ops_status_audit(bb_shm_state_t *state)
{
    bb_audit_stat_t  *stat;

    stat = &state->audit;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}",
                     "round", (json_int_t) stat->round,
                     "coupons", (json_int_t) stat->coupons,
                     "failed", (json_int_t) stat->failed,
                     "inconsistent", (json_int_t) stat->inconsistent,
                     "drift", (json_int_t) stat->drift,
                     "repaired", (json_int_t) stat->repaired);
}


/* Those of the operations that have one. */

static json_t *
bb_ops_status_breakers(ngx_bb_store_main_conf_t *conf)
{
    json_t        *json;
    ngx_uint_t     op;
    bb_breaker_t  *breaker;

    json = json_object();

    for (op = BB_CALL_FLOWERS + 1; op < BB_CALL_OPS; op++) {
        breaker = &conf->shm->state->breakers[op];
        bb_breaker_look(breaker, &conf->breakers[op], conf->shm->pool);

        if (json_object_set_new(json, bb_call_op_name(op),
                json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                          "state", bb_breaker_state_name(breaker->state),
                          "since", (json_int_t) breaker->since,
                          "judged", (json_int_t) breaker->n,
                          "failed", (json_int_t) breaker->failed,
                          "slow", (json_int_t) breaker->slow,
                          "passed", (json_int_t) breaker->passed,
                          "refused", (json_int_t) breaker->refused,
                          "failures", (json_int_t) breaker->failures,
                          "opened", (json_int_t) breaker->opened,
                          "numbers",
                          bb_ops_status_numbers(&conf->breakers[op])))
            != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    return json;
}


/* By the parameters of bb_store_breaker. */

static json_t *
bb_ops_status_numbers(const bb_breaker_conf_t *conf)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "window", (json_int_t) conf->window,
                     "calls", (json_int_t) conf->calls,
                     "failures", (json_int_t) conf->failures,
                     "slow_calls", (json_int_t) conf->slow_calls,
                     "slow_ms", (json_int_t) conf->slow,
                     "open_ms", (json_int_t) conf->open,
                     "trials", (json_int_t) conf->trials,
                     "half_open_ms", (json_int_t) conf->half_open);
}


static json_t *
bb_ops_status_log(bb_ops_t *ops)
{
    if (ops->redis_failure) {
        return json_pack("{s:n, s:n, s:n, s:s}", "entries", "oldest_ms",
                         "dead_letters", "failure", ops->redis_failure);
    }

    return json_pack("{s:I, s:I, s:I, s:n}",
                     "entries", (json_int_t) ops->entries,
                     "oldest_ms", (json_int_t) ops->oldest,
                     "dead_letters", (json_int_t) ops->dead,
                     "failure");
}

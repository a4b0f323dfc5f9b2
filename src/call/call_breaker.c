/* Circuit breakers: counting of outcomes and changes of state. */

#include "call/call_breaker.h"


#define BB_BREAKER_FAILED  0x01
#define BB_BREAKER_SLOW    0x02


static void bb_breaker_tick(bb_breaker_t *breaker,
    const bb_breaker_conf_t *conf);
static ngx_msec_t bb_breaker_age(bb_breaker_t *breaker);
static void bb_breaker_change(bb_breaker_t *breaker,
    bb_breaker_state_e state);
static void bb_breaker_record(bb_breaker_t *breaker,
    const bb_breaker_conf_t *conf, u_char outcome);
static void bb_breaker_judge(bb_breaker_t *breaker,
    const bb_breaker_conf_t *conf);


ngx_int_t
bb_breaker_enter(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    ngx_slab_pool_t *pool, ngx_uint_t *epoch)
{
    ngx_int_t  rc;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&pool->mutex);

    bb_breaker_tick(breaker, conf);

    if (breaker->state == BB_BREAKER_OPEN
        && bb_breaker_age(breaker) >= conf->open)
    {
        bb_breaker_change(breaker, BB_BREAKER_HALF_OPEN);
    }

    if (breaker->state == BB_BREAKER_CLOSED) {
        rc = NGX_OK;

    } else if (breaker->state == BB_BREAKER_HALF_OPEN
               && breaker->trials < conf->trials)
    {
        breaker->trials++;
        rc = NGX_OK;
    }

    if (rc == NGX_OK) {
        breaker->passed++;

    } else {
        breaker->refused++;
    }

    *epoch = breaker->epoch;

    ngx_shmtx_unlock(&pool->mutex);

    return rc;
}


ngx_uint_t
bb_breaker_room(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    ngx_slab_pool_t *pool)
{
    ngx_uint_t  room;

    ngx_shmtx_lock(&pool->mutex);

    bb_breaker_tick(breaker, conf);

    room = 0;

    if (breaker->state == BB_BREAKER_CLOSED) {
        room = NGX_MAX_INT_T_VALUE;

    } else if (breaker->state == BB_BREAKER_OPEN) {
        room = (bb_breaker_age(breaker) >= conf->open) ? conf->trials : 0;

    } else if (breaker->trials < conf->trials) {
        room = conf->trials - breaker->trials;
    }

    ngx_shmtx_unlock(&pool->mutex);

    return room;
}


void
bb_breaker_leave(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    ngx_slab_pool_t *pool, ngx_uint_t epoch, ngx_uint_t failed,
    ngx_msec_t took)
{
    u_char  outcome;

    outcome = (failed ? BB_BREAKER_FAILED : 0)
              | (took >= conf->slow ? BB_BREAKER_SLOW : 0);

    ngx_shmtx_lock(&pool->mutex);

    bb_breaker_tick(breaker, conf);

    breaker->failures += (failed != 0);

    if (breaker->epoch == epoch) {
        bb_breaker_record(breaker, conf, outcome);
        bb_breaker_judge(breaker, conf);
    }

    ngx_shmtx_unlock(&pool->mutex);
}


void
bb_breaker_abandon(bb_breaker_t *breaker, ngx_slab_pool_t *pool,
    ngx_uint_t epoch)
{
    ngx_shmtx_lock(&pool->mutex);

    /* a trial that nobody judges is given to the next call */

    if (breaker->epoch == epoch && breaker->state == BB_BREAKER_HALF_OPEN) {
        breaker->trials--;
    }

    ngx_shmtx_unlock(&pool->mutex);
}


void
bb_breaker_look(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    ngx_slab_pool_t *pool)
{
    ngx_shmtx_lock(&pool->mutex);
    bb_breaker_tick(breaker, conf);
    ngx_shmtx_unlock(&pool->mutex);
}


/*
 * Half open ends by time alone, whether or not anybody calls: it was open from
 * that moment on.
 */

static void
bb_breaker_tick(bb_breaker_t *breaker, const bb_breaker_conf_t *conf)
{
    time_t      since;
    ngx_msec_t  since_ms;

    if (breaker->state != BB_BREAKER_HALF_OPEN
        || bb_breaker_age(breaker) < conf->half_open)
    {
        return;
    }

    since = breaker->since + (time_t) (conf->half_open / 1000);
    since_ms = breaker->since_ms + conf->half_open;

    bb_breaker_change(breaker, BB_BREAKER_OPEN);

    breaker->since = since;
    breaker->since_ms = since_ms;
}


/* Of the state.  Another worker's clock may be a little ahead of this one's. */

static ngx_msec_t
bb_breaker_age(bb_breaker_t *breaker)
{
    ngx_msec_int_t  age;

    age = (ngx_msec_int_t) (ngx_current_msec - breaker->since_ms);

    return ngx_max(age, 0);
}


static void
bb_breaker_change(bb_breaker_t *breaker, bb_breaker_state_e state)
{
    breaker->state = state;
    breaker->epoch++;
    breaker->since = ngx_time();
    breaker->since_ms = ngx_current_msec;
    breaker->trials = 0;
    breaker->n = 0;
    breaker->next = 0;
    breaker->failed = 0;
    breaker->slow = 0;

    if (state == BB_BREAKER_OPEN) {
        breaker->opened++;
    }
}


static void
bb_breaker_record(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    u_char outcome)
{
    u_char      old;
    ngx_uint_t  window;

    window = (breaker->state == BB_BREAKER_HALF_OPEN) ? conf->trials
                                                      : conf->window;

    /* half open it is another one, and a reload may have changed it */

    if (breaker->window != window) {
        breaker->window = window;
        breaker->n = 0;
        breaker->next = 0;
        breaker->failed = 0;
        breaker->slow = 0;
    }

    if (breaker->n == window) {
        old = breaker->ring[breaker->next];
        breaker->failed -= (old & BB_BREAKER_FAILED) != 0;
        breaker->slow -= (old & BB_BREAKER_SLOW) != 0;

    } else {
        breaker->n++;
    }

    breaker->ring[breaker->next] = outcome;
    breaker->failed += (outcome & BB_BREAKER_FAILED) != 0;
    breaker->slow += (outcome & BB_BREAKER_SLOW) != 0;
    breaker->next = (breaker->next + 1) % window;
}


static void
bb_breaker_judge(bb_breaker_t *breaker, const bb_breaker_conf_t *conf)
{
    ngx_uint_t  bad, least;

    least = (breaker->state == BB_BREAKER_HALF_OPEN)
            ? conf->trials : ngx_min(conf->calls, conf->window);

    if (breaker->n < least) {
        return;
    }

    bad = breaker->failed * 100 >= conf->failures * breaker->n
          || breaker->slow * 100 >= conf->slow_calls * breaker->n;

    if (bad) {
        bb_breaker_change(breaker, BB_BREAKER_OPEN);

    } else if (breaker->state == BB_BREAKER_HALF_OPEN) {
        bb_breaker_change(breaker, BB_BREAKER_CLOSED);
    }
}


const char *
bb_breaker_state_name(bb_breaker_state_e state)
{
    static const char  *names[] = { "closed", "open", "half_open" };

    return names[state];
}

/*
 * Circuit breakers, one for each remote operation, shared by all workers.
 *
 * closed: calls pass, the last ones are judged; open: none passes for a while;
 * half-open: a few trials pass and decide.  State survives a reload.
 */

#ifndef _BB_CALL_BREAKER_H_INCLUDED_
#define _BB_CALL_BREAKER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define BB_BREAKER_MAX_WINDOW  1000


typedef enum {
    BB_BREAKER_CLOSED = 0,
    BB_BREAKER_OPEN,
    BB_BREAKER_HALF_OPEN
} bb_breaker_state_e;


typedef struct {
    ngx_uint_t    window;         /* last calls that are judged */
    ngx_uint_t    calls;          /* judged from so many on */
    ngx_uint_t    failures;       /* per cent that open it */
    ngx_uint_t    slow_calls;     /* per cent that open it */
    ngx_msec_t    slow;           /* a call that takes so long is slow */
    ngx_msec_t    open;           /* how long it stays open */
    ngx_uint_t    trials;         /* calls let through when half open */
    ngx_msec_t    half_open;      /* how long it waits for their outcome */
} bb_breaker_conf_t;


/* in the shared zone, under its mutex */

typedef struct {
    bb_breaker_state_e    state;
    ngx_uint_t            epoch;       /* raised with each change of state */
    time_t                since;       /* of the state, seconds */
    ngx_msec_t            since_ms;
    ngx_uint_t            trials;      /* let through when half open */

    ngx_uint_t            window;      /* that the ring was filled for */
    ngx_uint_t            n;           /* outcomes in the ring */
    ngx_uint_t            next;
    ngx_uint_t            failed;      /* of them */
    ngx_uint_t            slow;
    u_char                ring[BB_BREAKER_MAX_WINDOW];

    /* since the zone was made */
    ngx_atomic_uint_t     passed;
    ngx_atomic_uint_t     refused;
    ngx_atomic_uint_t     failures;
    ngx_atomic_uint_t     opened;
} bb_breaker_t;


/*
 * Asks to make a call.  NGX_OK: go on, and tell the outcome with *epoch;
 * NGX_DECLINED: do not call.  pool: the slab pool whose mutex guards breaker.
 */
ngx_int_t bb_breaker_enter(bb_breaker_t *breaker,
    const bb_breaker_conf_t *conf, ngx_slab_pool_t *pool, ngx_uint_t *epoch);

/* How many calls it would let through now. */
ngx_uint_t bb_breaker_room(bb_breaker_t *breaker,
    const bb_breaker_conf_t *conf, ngx_slab_pool_t *pool);

/* The outcome; of a call that began before a change of state it is ignored. */
void bb_breaker_leave(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    ngx_slab_pool_t *pool, ngx_uint_t epoch, ngx_uint_t failed,
    ngx_msec_t took);

/* Nobody waited for the outcome: instead of bb_breaker_leave(). */
void bb_breaker_abandon(bb_breaker_t *breaker, ngx_slab_pool_t *pool,
    ngx_uint_t epoch);

/* Brings the state up to now, for whoever only reads it. */
void bb_breaker_look(bb_breaker_t *breaker, const bb_breaker_conf_t *conf,
    ngx_slab_pool_t *pool);

const char *bb_breaker_state_name(bb_breaker_state_e state);


#endif /* _BB_CALL_BREAKER_H_INCLUDED_ */
